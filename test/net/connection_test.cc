#include "source/net/connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "test/net/loopback.h"

namespace outrigger::net {
namespace {

TEST(Connection, ShowsWhatThePeerSends) {
  Pair pair;
  pair.peer.Send("hello");
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "hello"; }));
  EXPECT_EQ(pair.connection->bytes_read(), 5u);
}

TEST(Connection, SendsAtTheEndOfTheEvent) {
  Pair pair;
  pair.Write("one ");
  pair.Write("two");
  EXPECT_EQ(pair.connection->bytes_written(), 0u);
  EXPECT_TRUE(pair.PeerGets(7));
  EXPECT_EQ(pair.peer.received(), "one two");
  EXPECT_EQ(pair.connection->bytes_written(), 7u);
}

TEST(Connection, ShowsWhatWasLeftTogetherWithWhatFollows) {
  Pair pair;
  pair.events.take_at_most = 0;
  pair.peer.Send("abc");
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.last_seen == 3; }));
  pair.events.take_at_most = SIZE_MAX;
  pair.peer.Send("def");
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "abcdef"; }));
}

TEST(Connection, CopiesASmallRestOutOfTheReadBlock) {
  Pair pair;
  pair.events.take_at_most = 1;
  pair.peer.Send("abc");
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.data == "a"; }));
  EXPECT_FALSE(pair.loop.ReadBlock().is_shared());
}

TEST(Connection, ReadsMoreThanOneBlock) {
  Pair pair(UnixPair());
  const std::string sent(1'000'000, 'x');
  size_t at = 0;
  EXPECT_TRUE(pair.RunUntil([&] {
    at += pair.peer.Send(std::string_view(sent).substr(at));
    return pair.events.data.size() == sent.size();
  }));
  EXPECT_EQ(pair.events.data, sent);
}

TEST(Connection, LetsOthersHaveTheirTurnBetweenReads) {
  Pair pair(UnixPair());
  const int large = 2'000'000;
  setsockopt(pair.peer.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large));
  const size_t sent = pair.peer.Send(std::string(190'000, 'x'));
  ASSERT_GT(sent, 2 * base::Block::kReadBytes);
  std::string order;
  pair.events.on_data = [&](base::Buffer&, bool) {
    order += 'r';
    if (order == "r") pair.Write("answer");
    pair.peer.Receive();
    if (pair.peer.received() == "answer" && order.back() == 'r') order += 'w';
  };
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.data.size() == sent; }));
  // What the first read caused was sent before the second one.
  EXPECT_EQ(order.substr(0, 3), "rrw");
}

TEST(Connection, HoldsDataWhilePaused) {
  Pair pair;
  pair.connection->PauseReading();
  pair.peer.Send("later");
  pair.Settle();
  EXPECT_EQ(pair.events.data_calls, 0);
  pair.connection->ResumeReading();
  EXPECT_EQ(pair.events.data_calls, 0);
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "later"; }));
}

TEST(Connection, CountsPauses) {
  Pair pair;
  pair.connection->PauseReading();
  pair.connection->PauseReading();
  pair.connection->ResumeReading();
  pair.peer.Send("x");
  pair.Settle();
  EXPECT_TRUE(pair.connection->is_reading_paused());
  EXPECT_EQ(pair.events.data, "");
  pair.connection->ResumeReading();
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "x"; }));
}

TEST(Connection, ShowsHeldBytesAgainAfterResume) {
  Pair pair;
  pair.events.take_at_most = 3;
  pair.events.on_data = [&](base::Buffer&, bool) {
    pair.connection->PauseReading();
    pair.events.on_data = nullptr;
  };
  pair.peer.Send("onetwo");
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.data == "one"; }));
  pair.Settle();
  EXPECT_EQ(pair.events.data, "one");
  pair.connection->ResumeReading();
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "onetwo"; }));
}

TEST(Connection, SendsManySlicesThroughASmallSendBuffer) {
  auto sockets = TcpPair();
  const int small = 4096;
  setsockopt(sockets.first.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  Pair pair(std::move(sockets));
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string part(1000 + i * 20, static_cast<char>('a' + i % 26));
    pair.connection->output().Append(base::Slice::Copy(part));
    expected += part;
  }
  pair.connection->FlushSoon();
  ASSERT_TRUE(pair.PeerGets(expected.size()));
  EXPECT_EQ(pair.peer.received(), expected);
  EXPECT_EQ(pair.connection->bytes_written(), expected.size());
}

TEST(Connection, TellsTheWatermarksInTurns) {
  Pair pair(UnixPair(), {.output_high_bytes = 100'000});
  const std::string text(1'000'000, 'x');
  pair.Write(text);
  EXPECT_EQ(pair.events.turns, "");
  pair.Settle();
  EXPECT_EQ(pair.events.turns, "H");
  EXPECT_TRUE(pair.connection->is_output_high());
  pair.Write(text);
  pair.Settle();
  EXPECT_EQ(pair.events.turns, "H");
  ASSERT_TRUE(pair.PeerGets(2 * text.size()));
  EXPECT_EQ(pair.events.turns, "HL");
  EXPECT_FALSE(pair.connection->is_output_high());
}

TEST(Connection, DoesNotKeepReadBlocksWhileItsPeerIsSlow) {
  auto sockets = TcpPair();
  const int small = 4096;
  setsockopt(sockets.first.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  Pair pair(std::move(sockets), {.output_high_bytes = 100 << 20});
  pair.Write(std::string(10 << 20, 'x'));
  pair.Settle();
  base::Block& block = pair.loop.ReadBlock();
  pair.connection->output().Append(base::Slice(&block, block.begin(), 2000));
  EXPECT_TRUE(block.is_shared());
  ASSERT_TRUE(pair.RunUntil([&] {
    pair.peer.Receive();
    return !block.is_shared();
  }));
  EXPECT_GT(pair.connection->output().size(), 2000u);
}

TEST(Connection, HalfClosesOnceTheOutputIsSent) {
  Pair pair;
  pair.Write("last words");
  pair.connection->FinishOutput();
  ASSERT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(pair.peer.received(), "last words");
  pair.peer.Send("still here");
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.data == "still here"; }));
  EXPECT_TRUE(pair.connection->is_open());
}

TEST(Connection, GoesOnSendingAfterThePeerHalfCloses) {
  Pair pair;
  pair.peer.Send("request");
  pair.peer.FinishSending();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.end_calls == 1; }));
  EXPECT_EQ(pair.events.data, "request");
  pair.Write("answer");
  EXPECT_TRUE(pair.PeerGets(6));
  pair.Settle();
  EXPECT_FALSE(pair.events.is_closed());
  EXPECT_EQ(pair.events.end_calls, 1);
}

TEST(Connection, ClosesInOrderWhenBothSidesHaveEnded) {
  for (const bool we_first : {true, false}) {
    Pair pair;
    if (we_first) {
      pair.connection->FinishOutput();
      ASSERT_TRUE(pair.PeerSeesEnd());
      pair.peer.FinishSending();
    } else {
      pair.peer.FinishSending();
      ASSERT_TRUE(pair.RunUntil([&] { return pair.events.end_calls == 1; }));
      pair.connection->FinishOutput();
      EXPECT_FALSE(pair.events.is_closed());
    }
    EXPECT_TRUE(pair.Closes());
    EXPECT_EQ(pair.events.cause, CloseCause::kPeerClosed);
    EXPECT_EQ(pair.events.end_calls, 1);
  }
}

TEST(Connection, ShowsTheEndOnlyAfterResume) {
  Pair pair;
  pair.connection->PauseReading();
  pair.peer.Send("x");
  pair.peer.FinishSending();
  pair.Settle();
  EXPECT_EQ(pair.events.end_calls, 0);
  pair.connection->ResumeReading();
  EXPECT_TRUE(pair.RunUntil([&] { return pair.events.end_calls == 1; }));
  EXPECT_EQ(pair.events.data, "x");
}

TEST(Connection, ReportsAReset) {
  Pair pair;
  pair.peer.Reset();
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kPeerReset);
}

TEST(Connection, ReportsAResetEvenWhilePaused) {
  Pair pair;
  pair.connection->PauseReading();
  pair.peer.Reset();
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kPeerReset);
}

TEST(Connection, ReportsAResetAfterTheEnd) {
  Pair pair;
  pair.peer.FinishSending();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.events.end_calls == 1; }));
  pair.peer.Reset();
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.cause, CloseCause::kPeerReset);
  EXPECT_EQ(pair.events.end_calls, 1);
}

TEST(Connection, ShowsTheAnswerOfAPeerThatWasResetBeforeItTookAll) {
  Pair pair;
  pair.events.on_data = [&](base::Buffer&, bool) {};
  pair.peer.Send("413 too much");
  pair.Write("unread");  // makes the close of the peer a reset
  pair.loop.RunOnce();
  pair.connection->PauseReading();
  pair.peer.Send(", really");
  pair.peer.Close();
  pair.Settle();
  EXPECT_FALSE(pair.events.is_closed());
  pair.connection->ResumeReading();
  pair.Write("more");
  EXPECT_TRUE(pair.Closes());
  EXPECT_EQ(pair.events.data, "413 too much, really");
  EXPECT_EQ(pair.events.cause, CloseCause::kPeerReset);
}

TEST(Connection, ForgetsEverythingOnCloseNow) {
  Pair pair;
  pair.Write("never sent");
  pair.connection->Close(CloseMode::kNow);
  EXPECT_FALSE(pair.connection->is_open());
  ASSERT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(pair.peer.received(), "");
  pair.Write("lost");
  pair.Settle();
  EXPECT_EQ(pair.events.close_calls, 0);
}

TEST(Connection, ResetsThePeerOnCloseReset) {
  Pair pair;
  pair.connection->Close(CloseMode::kReset);
  EXPECT_TRUE(pair.RunUntil([&] { return !pair.peer.Receive() && pair.peer.saw_reset(); }));
  EXPECT_EQ(pair.events.close_calls, 0);
}

TEST(Connection, MayBeClosedWhileItShowsData) {
  Pair pair;
  pair.events.take_at_most = 0;
  std::string seen;
  pair.events.on_data = [&](base::Buffer& in, bool) {
    const std::string_view view = in.Front();
    pair.connection->Close(CloseMode::kNow);
    seen = view;
  };
  pair.peer.Send("still valid");
  ASSERT_TRUE(pair.PeerSeesEnd());
  EXPECT_EQ(seen, "still valid");
  EXPECT_EQ(pair.events.close_calls, 0);
}

TEST(Connection, MayBeHandedOverForDeletionFromOnClosed) {
  struct Owner : Recorder {
    void OnClosed(CloseCause cause) override {
      Recorder::OnClosed(cause);
      connection->loop().DeleteLater(std::move(connection));
    }
    std::unique_ptr<Connection> connection;
  };
  TestLoop world;
  auto [socket, peer] = TcpPair();
  Owner owner;
  owner.connection =
      std::make_unique<Connection>(world.loop, std::move(socket), owner, ConnectionLimits());
  RawPeer(std::move(peer)).Reset();
  EXPECT_TRUE(world.RunUntil([&] { return owner.is_closed(); }));
  EXPECT_EQ(owner.connection, nullptr);
}

TEST(Connection, KnowsItsAddresses) {
  Pair pair;
  EXPECT_EQ(pair.connection->local_address(), PeerAddress(pair.peer.fd()));
  EXPECT_EQ(pair.connection->peer_address(), LocalAddress(pair.peer.fd()));
  pair.connection->Close(CloseMode::kNow);
  EXPECT_TRUE(pair.connection->peer_address().is_ip());
}

TEST(Connection, TakesTheAddressItIsGiven) {
  TestLoop world;
  Recorder events;
  const Address peer = *Address::Ip("192.0.2.1", 77);
  Connection connection(world.loop, std::move(UnixPair().first), events, {}, &peer);
  EXPECT_EQ(connection.peer_address(), peer);
  EXPECT_TRUE(connection.local_address().is_unix());
}

}  // namespace
}  // namespace outrigger::net
