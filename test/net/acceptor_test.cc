#include "source/net/acceptor.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <utility>
#include <vector>

#include "test/net/loopback.h"

namespace outrigger::net {
namespace {

// An acceptor on a port of loopback, with what it accepted.
struct Accepting : TestLoop {
  explicit Accepting(AcceptLimits limits = {})
      : acceptor(
            loop, listener.fd(), limits,
            [this](Socket socket, const Address& peer) {
              sockets.push_back(std::move(socket));
              peers.push_back(peer);
            },
            [this](int error) { errors.push_back(error); }) {}
  void Connect(int count) {
    for (int i = 0; i < count; ++i) {
      clients.push_back(*StartConnect(LocalAddress(listener.fd()), nullptr, {}));
    }
  }
  [[nodiscard]] bool Accepts(size_t count) {
    return RunUntil([&] { return sockets.size() == count; });
  }

  Socket listener = *Listen(*Address::Ip("127.0.0.1", 0), {});
  std::vector<Socket> clients;
  std::vector<Socket> sockets;
  std::vector<Address> peers;
  std::vector<int> errors;
  Acceptor acceptor;
};

TEST(Acceptor, HandsOverNonBlockingSocketsWithTheirPeers) {
  Accepting accepting;
  accepting.Connect(1);
  ASSERT_TRUE(accepting.Accepts(1));
  EXPECT_EQ(accepting.peers[0], LocalAddress(accepting.clients[0].fd()));
  char byte;
  EXPECT_EQ(recv(accepting.sockets[0].fd(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Acceptor, HandsOverSocketsThatDoNotDelay) {
  Accepting accepting;
  accepting.Connect(1);
  ASSERT_TRUE(accepting.Accepts(1));
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  getsockopt(accepting.sockets[0].fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  EXPECT_EQ(no_delay, 1);
}

TEST(Acceptor, TakesAllOfACrowd) {
  Accepting accepting;
  accepting.Connect(200);
  EXPECT_TRUE(accepting.Accepts(200));
}

TEST(Acceptor, LeavesTheRestForLaterAtItsLimit) {
  Accepting accepting({.max_per_event = 2});
  accepting.Connect(20);
  size_t before = 0;
  while (accepting.sockets.size() < 20) {
    ASSERT_TRUE(accepting.loop.RunOnce(base::Milliseconds(5000)));
    EXPECT_LE(accepting.sockets.size() - before, 2u);
    before = accepting.sockets.size();
  }
}

TEST(Acceptor, PausesWithoutDescriptorsAndComesBack) {
  Accepting accepting;
  accepting.Connect(3);
  rlimit old;
  getrlimit(RLIMIT_NOFILE, &old);
  const int lowest_free = dup(0);
  close(lowest_free);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(accepting.RunUntil([&] { return !accepting.errors.empty(); }));
  accepting.Settle();  // ends only because accepting pauses
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(accepting.errors, std::vector<int>{EMFILE});
  EXPECT_EQ(accepting.sockets.size(), 0u);
  accepting.clock.Advance(base::Milliseconds(100));
  EXPECT_TRUE(accepting.Accepts(3));
}

TEST(Acceptor, StopsWhenDestroyedThoughItsSocketStaysOpen) {
  const Socket listener = *Listen(*Address::Ip("127.0.0.1", 0), {});
  TestLoop world;
  int accepted = 0;
  {
    const Acceptor acceptor(
        world.loop, listener.fd(), {}, [&](Socket, const Address&) { ++accepted; }, [](int) {});
  }
  const Socket client = *StartConnect(LocalAddress(listener.fd()), nullptr, {});
  EXPECT_FALSE(world.loop.RunOnce());
  EXPECT_EQ(accepted, 0);
}

}  // namespace
}  // namespace outrigger::net
