#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/net/loopback.h"

namespace outrigger::testing {

// A server on loopback whose every byte a test sends. Connections count from 0 in the order in
// which they were accepted.
class ScriptedUpstream {
 public:
  explicit ScriptedUpstream(net::TestLoop& turns) : turns_(turns) {
    listener_ = *net::Listen(*net::Address::Ip("127.0.0.1", 0), {});
    address_ = net::LocalAddress(listener_.fd());
  }

  const net::Address& address() const { return address_; }
  // From now on connecting is refused.
  void StopListening() { listener_ = net::Socket(); }

  // Turns until the connection has received `text`, somewhere behind what was waited for before.
  [[nodiscard]] bool Gets(std::string_view text, size_t connection = 0) {
    return turns_.RunUntil([&] {
      if (connections() <= connection) return false;
      Peer& peer = peers_[connection];
      peer.raw->Receive();
      const size_t at = peer.raw->received().find(text, peer.seen);
      if (at == std::string::npos) return false;
      peer.seen = at + text.size();
      return true;
    });
  }
  // Turns until a request head has come.
  [[nodiscard]] bool GetsHead(size_t connection = 0) { return Gets("\r\n\r\n", connection); }
  // Everything that came on the connection.
  const std::string& received(size_t connection = 0) {
    peers_.at(connection).raw->Receive();
    return peers_.at(connection).raw->received();
  }
  [[nodiscard]] bool SeesEnd(size_t connection = 0) {
    return turns_.RunUntil([&] { return !peers_.at(connection).raw->Receive(); });
  }

  void Send(std::string_view text, size_t connection = 0) {
    CHECK(peers_.at(connection).raw->Send(text) == text.size());
  }
  // Half-closes: it sends no more.
  void Finish(size_t connection = 0) { peers_.at(connection).raw->FinishSending(); }
  void Close(size_t connection = 0) { peers_.at(connection).raw->Close(); }
  void Reset(size_t connection = 0) { peers_.at(connection).raw->Reset(); }

  // How many there were so far.
  size_t connections() {
    for (;;) {
      if (!listener_) break;
      const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) break;
      peers_.push_back({std::make_unique<net::RawPeer>(net::Socket(fd))});
    }
    return peers_.size();
  }

 private:
  struct Peer {
    std::unique_ptr<net::RawPeer> raw;
    size_t seen = 0;
  };
  net::TestLoop& turns_;
  net::Socket listener_;
  net::Address address_;
  std::vector<Peer> peers_;
};

}  // namespace outrigger::testing
