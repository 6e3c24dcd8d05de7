#include "source/net/cares_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "test/net/fake_dns_server.h"

namespace outrigger::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A resolver that knows one server, ours.
class Resolver : public ::testing::Test {
 protected:
  Resolver() { Open({}); }

  void Open(CaresOptions options) {
    options.servers = {server_.address()};
    options.use_search_domains = false;
    auto created = CaresResolver::Create(loop_, options);
    ASSERT_TRUE(created.ok()) << created.status();
    resolver_ = *std::move(created);
  }

  void Start(const std::string& name, DnsFamily family) {
    answer_.reset();
    operation_ = resolver_->Resolve(
        name, family, [this](absl::StatusOr<DnsAnswer> answer) { answer_ = std::move(answer); });
  }
  void Finish() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!answer_ && std::chrono::steady_clock::now() < give_up) {
      loop_.RunOnce(base::Milliseconds(20));
    }
    ASSERT_TRUE(answer_.has_value()) << "no answer";
  }
  // The addresses of `name`, or the error.
  std::vector<std::string> Resolve(const std::string& name, DnsFamily family) {
    Start(name, family);
    EXPECT_FALSE(answer_.has_value()) << "answered from inside";
    Finish();
    if (!answer_ || !answer_->ok())
      return {answer_ ? std::string(answer_->status().message()) : ""};
    std::vector<std::string> texts;
    for (const Address& address : (*answer_)->addresses) texts.push_back(address.ip());
    return texts;
  }

  base::SystemClock clock_;
  event::Loop loop_{clock_};
  FakeDnsServer server_{loop_};
  std::unique_ptr<CaresResolver> resolver_;
  event::Operation operation_;
  std::optional<absl::StatusOr<DnsAnswer>> answer_;
};

TEST_F(Resolver, FindsAddressesWithTheLeastTtl) {
  server_.Add("a.test", "10.0.0.1", 60);
  server_.Add("a.test", "10.0.0.2", 30);
  EXPECT_THAT(Resolve("a.test", DnsFamily::kV4Only), UnorderedElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ((*answer_)->ttl, std::chrono::seconds(30));
  EXPECT_EQ((*answer_)->addresses[0].port(), 0);
}

TEST_F(Resolver, AutoTakesV6AndDoesNotAskForV4) {
  server_.Add("both.test", "10.0.0.1", 60);
  server_.Add("both.test", "fd00::1", 60);
  EXPECT_THAT(Resolve("both.test", DnsFamily::kAuto), ElementsAre("fd00::1"));
  EXPECT_THAT(server_.questions(), ElementsAre("AAAA both.test"));
}

TEST_F(Resolver, AutoFallsBackToV4) {
  server_.Add("four.test", "10.0.0.1", 60);
  EXPECT_THAT(Resolve("four.test", DnsFamily::kAuto), ElementsAre("10.0.0.1"));
  EXPECT_THAT(server_.questions(), ElementsAre("AAAA four.test", "A four.test"));
}

TEST_F(Resolver, V4PreferredFallsBackToV6) {
  server_.Add("both.test", "10.0.0.1", 60);
  server_.Add("both.test", "fd00::1", 60);
  server_.Add("six.test", "fd00::2", 60);
  EXPECT_THAT(Resolve("both.test", DnsFamily::kV4Preferred), ElementsAre("10.0.0.1"));
  EXPECT_THAT(Resolve("six.test", DnsFamily::kV4Preferred), ElementsAre("fd00::2"));
}

TEST_F(Resolver, V6OnlyDoesNotFallBack) {
  server_.Add("four.test", "10.0.0.1", 60);
  Resolve("four.test", DnsFamily::kV6Only);
  EXPECT_EQ(answer_->status().code(), absl::StatusCode::kNotFound);
}

TEST_F(Resolver, AllShowsBothFamiliesV6First) {
  server_.Add("both.test", "10.0.0.1", 60);
  server_.Add("both.test", "fd00::1", 20);
  EXPECT_THAT(Resolve("both.test", DnsFamily::kAll), ElementsAre("fd00::1", "10.0.0.1"));
  EXPECT_EQ((*answer_)->ttl, std::chrono::seconds(20));
}

TEST_F(Resolver, NamesTheUnknownName) {
  server_.FailWith("gone.test", FakeDnsServer::kNoSuchName);
  EXPECT_THAT(Resolve("gone.test", DnsFamily::kAuto), ElementsAre(HasSubstr("gone.test")));
  EXPECT_EQ(answer_->status().code(), absl::StatusCode::kNotFound);
}

TEST_F(Resolver, ReportsAFailingServerAsUnavailable) {
  server_.FailWith("broken.test", FakeDnsServer::kServerFailure);
  Resolve("broken.test", DnsFamily::kV4Only);
  EXPECT_EQ(answer_->status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(Resolver, AsksOverTcpWhatDoesNotFitInAPacket) {
  for (int i = 1; i <= 100; ++i) server_.Add("many.test", "10.0.0." + std::to_string(i), 60);
  server_.Truncate("many.test");
  EXPECT_EQ(Resolve("many.test", DnsFamily::kV4Only).size(), 100u);
  EXPECT_THAT(server_.questions(), ElementsAre("A many.test", "TCP A many.test"));
}

TEST_F(Resolver, AsksOverTcpAloneWhereTold) {
  Open({.use_tcp = true});
  server_.Add("a.test", "10.0.0.1", 60);
  server_.Add("b.test", "10.0.0.2", 60);
  EXPECT_THAT(Resolve("a.test", DnsFamily::kV4Only), ElementsAre("10.0.0.1"));
  EXPECT_THAT(Resolve("b.test", DnsFamily::kV4Only), ElementsAre("10.0.0.2"));
  EXPECT_THAT(server_.questions(), ElementsAre("TCP A a.test", "TCP A b.test"));
}

TEST_F(Resolver, AsksASilentServerAgainAndGivesUp) {
  Open({.timeout = base::Milliseconds(30), .tries = 2});
  server_.Drop("silent.test");
  Resolve("silent.test", DnsFamily::kV4Only);
  EXPECT_EQ(answer_->status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(server_.questions(), ElementsAre("A silent.test", "A silent.test"));
}

TEST_F(Resolver, AnswersNumericNamesWithoutAServer) {
  EXPECT_THAT(Resolve("192.0.2.7", DnsFamily::kAuto), ElementsAre("192.0.2.7"));
  EXPECT_THAT(Resolve("::1", DnsFamily::kV4Only), ElementsAre("::1"));
  EXPECT_THAT(server_.questions(), IsEmpty());
}

TEST_F(Resolver, KnowsTheNamesOfTheHostsFile) {
  EXPECT_THAT(Resolve("localhost", DnsFamily::kV4Only), ElementsAre("127.0.0.1"));
  EXPECT_THAT(server_.questions(), IsEmpty());
}

TEST_F(Resolver, RefusesAMalformedName) {
  const std::string label(80, 'x');
  Resolve(label + ".test", DnsFamily::kV4Only);
  EXPECT_FALSE(answer_->ok());
  EXPECT_THAT(server_.questions(), IsEmpty());
}

TEST_F(Resolver, NeverCallsBackOnceCancelled) {
  server_.Add("a.test", "10.0.0.1", 60);
  Start("a.test", DnsFamily::kV4Only);
  operation_ = {};
  auto other = resolver_->Resolve("10.1.1.1", DnsFamily::kAuto, [&](auto) { answer_.reset(); });
  other.Cancel();
  for (int i = 0; i < 5; ++i) loop_.RunOnce(base::Milliseconds(20));
  EXPECT_FALSE(answer_.has_value());
  EXPECT_THAT(server_.questions(), ElementsAre("A a.test"));
}

TEST_F(Resolver, AnswersManyAtOnce) {
  std::vector<std::string> seen(50);
  std::vector<event::Operation> operations;
  size_t answered = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    server_.Add(name, "10.0.1." + std::to_string(i), 60);
    operations.push_back(resolver_->Resolve(name, DnsFamily::kV4Only, [&, i](auto answer) {
      ++answered;
      if (answer.ok()) seen[i] = answer->addresses[0].ip();
    }));
  }
  for (int i = 0; i < 500 && answered < 50; ++i) loop_.RunOnce(base::Milliseconds(20));
  ASSERT_EQ(answered, 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(seen[i], "10.0.1." + std::to_string(i));
}

TEST_F(Resolver, MayDieBeforeItsOperations) {
  server_.Drop("a.test");
  Start("a.test", DnsFamily::kV4Only);
  loop_.RunOnce(base::Milliseconds(20));
  resolver_.reset();
  operation_ = {};
  loop_.RunOnce();
  EXPECT_FALSE(answer_.has_value());
}

TEST_F(Resolver, MayBeAskedAgainFromACallback) {
  server_.Add("a.test", "10.0.0.1", 60);
  server_.Add("b.test", "10.0.0.2", 60);
  event::Operation second;
  const event::Operation first =
      resolver_->Resolve("a.test", DnsFamily::kV4Only, [&](absl::StatusOr<DnsAnswer>) {
        second = resolver_->Resolve(
            "b.test", DnsFamily::kV4Only,
            [&](absl::StatusOr<DnsAnswer> answer) { answer_ = std::move(answer); });
      });
  Finish();
  EXPECT_EQ((*answer_)->addresses[0].ip(), "10.0.0.2");
}

}  // namespace
}  // namespace outrigger::net
