#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "test/client/raw_server.h"
#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {

// A server that speaks HTTP/2 frame by frame, as a test says.
class Http2Server {
 public:
  explicit Http2Server(World& world) : world_(world) {}
  Server& server() { return server_; }

  // Turns until there are so many connections.
  [[nodiscard]] bool Accepts(size_t connections) {
    return world_.RunUntil([&] { return server_.connections() >= connections; });
  }
  // The first word of a server, with how many streams it allows at a time.
  void Greet(size_t connection, uint32_t max_streams = 1000) {
    const auto byte = [&](int shift) { return static_cast<char>(max_streams >> shift); };
    Send(connection,
         test::Frame(4, 0, 0, std::string({0, 3, byte(24), byte(16), byte(8), byte(0)})));
  }
  // Waits for a connection and greets it.
  [[nodiscard]] bool AcceptsAndGreets(size_t connection, uint32_t max_streams = 1000) {
    if (!Accepts(connection + 1)) return false;
    Greet(connection, max_streams);
    world_.Settle();
    return true;
  }
  // Turns until so many requests have come on the connection.
  [[nodiscard]] bool Gets(size_t connection, size_t requests) {
    return world_.RunUntil([&] { return Requests(connection).size() >= requests; });
  }
  // The streams whose request came on the connection.
  std::vector<uint32_t> Requests(size_t connection) { return Streams(connection, 1); }
  // The streams that were reset there.
  std::vector<uint32_t> Resets(size_t connection) { return Streams(connection, 3); }

  // 200 without a body, on stream 1, 3, 5 ...
  void Reply(size_t connection, uint32_t stream) {
    Send(connection, test::Frame(1, 5, stream, "\x88"));
  }
  void ResetStream(size_t connection, uint32_t stream, char code) {
    Send(connection, test::Frame(3, 0, stream, std::string({0, 0, 0, code})));
  }
  void GoAway(size_t connection, char last_stream) {
    Send(connection, test::Frame(7, 0, 0, std::string({0, 0, 0, last_stream, 0, 0, 0, 0})));
  }
  void Close(size_t connection) {
    server_.connection(connection).Close();
    world_.Settle();
  }
  bool HasEnded(size_t connection) {
    net::RawPeer& peer = server_.connection(connection);
    while (peer.Receive() && Grew(connection)) {
    }
    return peer.saw_end() || peer.saw_reset();
  }

 private:
  void Send(size_t connection, std::string_view bytes) {
    CHECK(server_.connection(connection).Send(bytes) == bytes.size());
    world_.Settle();
  }
  bool Grew(size_t connection) {
    const size_t size = server_.connection(connection).received().size();
    return std::exchange(seen_[connection], size) != size;
  }
  std::vector<uint32_t> Streams(size_t connection, char type) {
    net::RawPeer& peer = server_.connection(connection);
    peer.Receive();
    const std::string& bytes = peer.received();
    const auto number = [&](size_t at, size_t size) {
      uint32_t value = 0;
      for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
      return value;
    };
    std::vector<uint32_t> streams;
    constexpr size_t kPreface = 24, kHead = 9;
    for (size_t at = kPreface; at + kHead <= bytes.size(); at += kHead + number(at, 3)) {
      if (bytes[at + 3] == type) streams.push_back(number(at + 5, 4));
    }
    return streams;
  }

  World& world_;
  Server server_;
  std::map<size_t, size_t> seen_;
};

}  // namespace outrigger::upstream
