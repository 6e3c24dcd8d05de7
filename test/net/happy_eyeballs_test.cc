#include "source/net/happy_eyeballs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "test/net/loopback.h"

namespace outrigger::net {
namespace {

using ::testing::HasSubstr;

struct Port {
  explicit Port(const char* ip = "127.0.0.1", int backlog = 16)
      : listener(*Listen(*Address::Ip(ip, 0), {.backlog = backlog})),
        address(LocalAddress(listener.fd())) {}
  // How many connects it has seen.
  int Accepts() {
    int count = 0;
    while (true) {
      const Socket accepted(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted) return count;
      ++count;
    }
  }
  Socket listener;
  Address address;
};

// Drops what comes: neither connects nor refuses.
struct SilentPort : Port {
  SilentPort() : Port("127.0.0.1", 0) {
    for (int i = 0; i < 4; ++i) waiting.push_back(*StartConnect(address, nullptr, {}));
  }
  std::vector<Socket> waiting;
};

// Bound but not listening: refuses.
struct ClosedPort {
  ClosedPort() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address any = *Address::Ip("127.0.0.1", 0);
    CHECK(bind(socket.fd(), any.raw(), any.raw_size()) == 0);
    address = LocalAddress(socket.fd());
  }
  Socket socket;
  Address address;
};

struct Runner : TestLoop {
  void Start(std::vector<Address> addresses, RaceOptions options = {}) {
    operation = ConnectToFirst(loop, std::move(addresses), options,
                               [this](absl::StatusOr<RaceWinner> r) { result = std::move(r); });
  }
  [[nodiscard]] bool Ends() {
    return RunUntil([&] { return result.has_value(); });
  }
  event::Operation operation;
  std::optional<absl::StatusOr<RaceWinner>> result;
};

TEST(HappyEyeballs, ConnectsToTheFirstThatAnswers) {
  Port port, other;
  Runner runner;
  runner.Start({port.address, other.address});
  EXPECT_FALSE(runner.result.has_value());
  ASSERT_TRUE(runner.Ends());
  ASSERT_TRUE(runner.result->ok());
  EXPECT_EQ((*runner.result)->address, port.address);
  EXPECT_EQ(PeerAddress((*runner.result)->socket.fd()), port.address);
  EXPECT_EQ(other.Accepts(), 0);
}

TEST(HappyEyeballs, StartsTheNextAtOnceWhenOneRefuses) {
  ClosedPort closed;
  Port port;
  Runner runner;
  runner.Start({closed.address, port.address});
  ASSERT_TRUE(runner.Ends());  // without turning the clock
  EXPECT_EQ((*runner.result)->address, port.address);
}

TEST(HappyEyeballs, StartsTheNextAfterTheHeadStart) {
  SilentPort silent;
  Port port;
  Runner runner;
  runner.Start({silent.address, port.address});
  runner.Settle();
  runner.clock.Advance(base::Milliseconds(299));
  runner.Settle();
  EXPECT_FALSE(runner.result.has_value());
  EXPECT_EQ(port.Accepts(), 0);
  runner.clock.Advance(base::Milliseconds(1));
  ASSERT_TRUE(runner.Ends());
  EXPECT_EQ((*runner.result)->address, port.address);
}

TEST(HappyEyeballs, TriesTheOtherFamilySecond) {
  Socket probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address any = *Address::Ip("::1", 0);
  if (!probe || bind(probe.fd(), any.raw(), any.raw_size()) != 0) {
    GTEST_SKIP() << "no IPv6 on this machine";
  }
  SilentPort silent;
  Port four("127.0.0.1"), six("::1");
  Runner runner;
  runner.Start({silent.address, four.address, six.address});
  runner.Settle();
  runner.clock.Advance(base::Milliseconds(300));
  ASSERT_TRUE(runner.Ends());
  EXPECT_EQ((*runner.result)->address, six.address);
}

TEST(HappyEyeballs, ReportsTheLastFailure) {
  ClosedPort first, second;
  Runner runner;
  runner.Start({first.address, second.address});
  ASSERT_TRUE(runner.Ends());
  EXPECT_THAT(std::string(runner.result->status().message()), HasSubstr(second.address.ToString()));
}

TEST(HappyEyeballs, ReportsFailuresToStartFromTheLoop) {
  Runner runner;
  runner.Start({*Address::Unix("/nonexistent/socket")});
  EXPECT_FALSE(runner.result.has_value());
  ASSERT_TRUE(runner.Ends());
  EXPECT_FALSE(runner.result->ok());
}

TEST(HappyEyeballs, RefusesAnEmptyList) {
  Runner runner;
  runner.Start({});
  ASSERT_TRUE(runner.Ends());
  EXPECT_FALSE(runner.result->ok());
}

TEST(HappyEyeballs, GivesUpAtTheTimeout) {
  SilentPort silent;
  Runner runner;
  runner.Start({silent.address}, {.timeout = base::Milliseconds(700)});
  runner.Settle();
  runner.clock.Advance(base::Milliseconds(699));
  runner.Settle();
  EXPECT_FALSE(runner.result.has_value());
  runner.clock.Advance(base::Milliseconds(1));
  ASSERT_TRUE(runner.Ends());
  EXPECT_EQ(runner.result->status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(HappyEyeballs, NeverCallsBackOnceCancelled) {
  Port port;
  Runner runner;
  runner.Start({port.address});
  runner.operation = {};
  runner.Settle();
  EXPECT_FALSE(runner.result.has_value());
}

TEST(HappyEyeballs, MayBeCancelledFromItsCallback) {
  Port port;
  TestLoop world;
  bool called = false;
  event::Operation operation;
  operation = ConnectToFirst(world.loop, {port.address}, {}, [&](absl::StatusOr<RaceWinner>) {
    operation = {};
    called = true;
  });
  EXPECT_TRUE(world.RunUntil([&] { return called; }));
}

}  // namespace
}  // namespace outrigger::net
