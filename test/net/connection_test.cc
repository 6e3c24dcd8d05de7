#include "source/net/connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/net/loopback.h"

namespace outrigger::net {
namespace {

// A connection with its peer at the other end.
struct Pair : TestLoop {
  explicit Pair(std::pair<Socket, Socket> sockets = TcpPair(), ConnectionLimits limits = {})
      : peer(std::move(sockets.second)),
        connection(std::make_unique<Connection>(loop, std::move(sockets.first), events, limits)) {}
  void Write(std::string_view text) {
    connection->output().Append(text);
    connection->FlushSoon();
  }
  // Turns and lets the peer read until it has `n` bytes.
  [[nodiscard]] bool PeerGets(size_t n) {
    return RunUntil([&] {
      peer.Receive();
      return peer.received().size() >= n;
    });
  }
  [[nodiscard]] bool PeerSeesEnd() {
    return RunUntil([&] { return !peer.Receive() && peer.saw_end(); });
  }
  [[nodiscard]] bool Closes() {
    return RunUntil([&] { return events.is_closed(); });
  }

  Recorder events;
  RawPeer peer;
  std::unique_ptr<Connection> connection;
};

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

}  // namespace
}  // namespace outrigger::net
