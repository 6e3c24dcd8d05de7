#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "source/net/connection.h"
#include "test/net/loopback.h"

// Closing politely, and connecting: what takes time, and may take too long.
namespace outrigger::net {
namespace {

TEST(CloseFlush, SendsTheOutputFirst) {
  Pair pair(UnixPair());
  const std::string text(1'000'000, 'x');
  pair.Write(text);
  pair.connection->Close(CloseMode::kFlush);
  EXPECT_FALSE(pair.connection->is_open());
  EXPECT_EQ(pair.events.close_calls, 0);
  ASSERT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(pair.peer.received(), text);
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kLocal);
}

TEST(CloseFlush, TellsLaterEvenWithNothingToSend) {
  Pair pair;
  pair.connection->Close(CloseMode::kFlush);
  EXPECT_EQ(pair.events.close_calls, 0);
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 1);
}

TEST(CloseFlush, GivesUpOnAPeerThatTakesNothing) {
  Pair pair(UnixPair(), {.drain_timeout = base::Milliseconds(500)});
  pair.Write(std::string(10'000'000, 'x'));
  pair.connection->Close(CloseMode::kFlush);
  pair.Settle();
  pair.clock.Advance(base::Milliseconds(499));
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 0);
  pair.clock.Advance(base::Milliseconds(1));
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 1);
}

TEST(CloseFlush, IsOverriddenByCloseNow) {
  Pair pair(UnixPair());
  pair.Write(std::string(10'000'000, 'x'));
  pair.connection->Close(CloseMode::kFlush);
  pair.Settle();
  pair.connection->Close(CloseMode::kNow);
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 0);
}

TEST(CloseFlush, ReportsAPeerThatResetsMeanwhile) {
  Pair pair(TcpPair());
  pair.Write(std::string(10'000'000, 'x'));
  pair.connection->Close(CloseMode::kFlush);
  pair.Settle();
  pair.peer.Reset();
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kPeerReset);
}

TEST(CloseFlushDrain, LetsThePeerReadOurAnswerWhileItStillSends) {
  Pair pair;
  pair.events.on_data = [&](base::Buffer&, bool) {
    pair.Write("400 bad");
    pair.connection->Close(CloseMode::kFlushDrain);
    pair.events.on_data = nullptr;
  };
  pair.peer.Send("garbage");
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.data == "garbage"; }));
  for (int i = 0; i < 20; ++i) {
    pair.peer.Send(std::string(50'000, 'g'));
    pair.Settle();
  }
  ASSERT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(pair.peer.received(), "400 bad");
  EXPECT_EQ(pair.events.data, "garbage");
  EXPECT_EQ(pair.events.close_calls, 0);
  pair.peer.Close();
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kLocal);
}

TEST(CloseFlushDrain, EndsAtTheTimeout) {
  Pair pair(TcpPair(), {.drain_timeout = base::Milliseconds(200)});
  pair.connection->Close(CloseMode::kFlushDrain);
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 0);
  pair.clock.Advance(base::Milliseconds(200));
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 1);
  EXPECT_EQ(pair.events.cause, CloseCause::kLocal);
}

TEST(CloseFlushDrain, DoesNotWaitWithATimeoutOfZero) {
  Pair pair(TcpPair(), {.drain_timeout = base::Milliseconds(0)});
  pair.connection->Close(CloseMode::kFlushDrain);
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 1);
}

TEST(CloseFlushDrain, DoesNotWaitForAPeerThatHasEnded) {
  Pair pair;
  pair.peer.FinishSending();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.end_calls == 1; }));
  pair.connection->Close(CloseMode::kFlushDrain);
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 1);
}

TEST(CloseFlushDrain, DiscardsWhatWaitedWhilePaused) {
  Pair pair;
  pair.connection->PauseReading();
  pair.peer.Send("unseen");
  pair.peer.FinishSending();
  pair.Settle();
  pair.Write("bye");
  pair.connection->Close(CloseMode::kFlushDrain);
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.data, "");
  EXPECT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(pair.peer.received(), "bye");
}

// A connection that we open.
struct Client : TestLoop {
  explicit Client(absl::StatusOr<Socket> socket,
                  base::Milliseconds timeout = base::Milliseconds(1000))
      : connection(loop, std::move(socket), timeout, events, ConnectionLimits()) {}
  Recorder events;
  Connection connection;
};

TEST(Connect, TellsWhenItIsThere) {
  const auto listener = Listen(*Address::Ip("127.0.0.1", 0), {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  Client client(StartConnect(LocalAddress(listener->fd()), nullptr, {}));
  client.connection.output().Append(std::string_view("early"));
  client.connection.FlushSoon();
  EXPECT_FALSE(client.events.is_connected);
  ASSERT_TRUE(client.RunUntil([&] { return client.events.is_connected; }));
  RawPeer peer(Socket(accept4(listener->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
  EXPECT_TRUE(client.RunUntil([&] {
    peer.Receive();
    return peer.received() == "early";
  }));
  client.clock.Advance(base::Milliseconds(5000));
  client.Settle();
  EXPECT_TRUE(client.connection.is_open());
}

TEST(Connect, WorksOverUnixSockets) {
  const Address name = *Address::Unix("@outrigger-test-" + std::to_string(getpid()));
  const auto listener = Listen(name, {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  Client client(StartConnect(name, nullptr, {}));
  EXPECT_FALSE(client.events.is_connected);
  EXPECT_TRUE(client.RunUntil([&] { return client.events.is_connected; }));
}

TEST(Connect, ReportsARefusal) {
  // A port that was free a moment ago and has no listener: bound, not listening.
  Socket bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address any = *Address::Ip("127.0.0.1", 0);
  ASSERT_EQ(bind(bound.fd(), any.raw(), any.raw_size()), 0);
  Client client(StartConnect(LocalAddress(bound.fd()), nullptr, {}));
  EXPECT_TRUE(client.RunUntil([&] { return client.events.is_closed(); }));
  EXPECT_EQ(client.events.cause, CloseCause::kConnectFailed);
  EXPECT_FALSE(client.events.is_connected);
}

TEST(Connect, ReportsAFailedStartLikeARefusal) {
  Client client(StartConnect(*Address::Unix("/nonexistent/socket"), nullptr, {}));
  EXPECT_FALSE(client.events.is_closed());
  client.Settle();
  EXPECT_EQ(client.events.close_calls, 1);
  EXPECT_EQ(client.events.cause, CloseCause::kConnectFailed);
}

TEST(Connect, MayBeClosedBeforeAFailedStartIsTold) {
  Client client(absl::UnavailableError("no"));
  client.connection.Close(CloseMode::kNow);
  client.Settle();
  EXPECT_EQ(client.events.close_calls, 0);
}

// A port whose backlog is full drops further SYNs: a connect to it neither succeeds nor fails.
struct FullBacklog {
  FullBacklog() {
    ListenOptions options;
    options.backlog = 0;
    listener = *Listen(*Address::Ip("127.0.0.1", 0), options);
    address = LocalAddress(listener.fd());
    for (int i = 0; i < 4; ++i) waiting.push_back(*StartConnect(address, nullptr, {}));
  }
  Socket listener;
  Address address;
  std::vector<Socket> waiting;
};

TEST(Connect, GivesUpAtTheTimeout) {
  const FullBacklog nowhere;
  Client client(StartConnect(nowhere.address, nullptr, {}), base::Milliseconds(250));
  client.Settle();
  client.clock.Advance(base::Milliseconds(249));
  client.Settle();
  EXPECT_EQ(client.events.close_calls, 0);
  client.clock.Advance(base::Milliseconds(1));
  client.Settle();
  EXPECT_EQ(client.events.close_calls, 1);
  EXPECT_EQ(client.events.cause, CloseCause::kConnectTimeout);
}

TEST(Connect, TellsLaterWhenAbandonedPolitely) {
  const FullBacklog nowhere;
  Client client(StartConnect(nowhere.address, nullptr, {}));
  client.connection.Close(CloseMode::kFlush);
  EXPECT_EQ(client.events.close_calls, 0);
  client.Settle();
  EXPECT_EQ(client.events.close_calls, 1);
  EXPECT_EQ(client.events.cause, CloseCause::kLocal);
}

}  // namespace
}  // namespace outrigger::net
