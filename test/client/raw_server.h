#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/net/address.h"
#include "source/net/socket.h"

namespace outrigger::test {

// A server of bytes, for peers that break rules: one listening socket on a port of the kernel's
// choice, one connection at a time. Nothing blocks, so it lives on the test's thread.
class RawServer {
 public:
  RawServer() {
    ::signal(SIGPIPE, SIG_IGN);  // as in the proxy: event::Signals
    auto listener = net::Listen(*net::Address::Ip("127.0.0.1", 0), {.reuse_port = false});
    EXPECT_TRUE(listener.ok());
    listener_ = std::move(*listener);
  }

  net::Address address() const { return net::LocalAddress(listener_.fd()); }
  bool Accept() {
    const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return false;
    peer_ = net::Socket(fd);
    received_.clear();
    return true;
  }
  // Sends what the socket takes; how much that is.
  size_t Send(std::string_view bytes) {
    const ssize_t sent = ::send(peer_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  // Everything that came on this connection so far.
  const std::string& received() {
    char block[65536];
    ssize_t size = 0;
    while ((size = ::recv(peer_.fd(), block, sizeof(block), 0)) > 0) {
      received_.append(block, static_cast<size_t>(size));
    }
    has_ended_ = has_ended_ || size == 0;
    return received_;
  }
  bool HasEnded() {
    received();
    return has_ended_;
  }
  void Close() { peer_ = net::Socket(); }
  void CloseWithReset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(peer_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }
  void StopListening() { listener_ = net::Socket(); }

 private:
  net::Socket listener_;
  net::Socket peer_;
  std::string received_;
  bool has_ended_ = false;
};

// One HTTP/2 frame (RFC 9113 4.1).
inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const auto byte = [](size_t value) { return static_cast<char>(value & 0xff); };
  std::string out = {byte(payload.size() >> 16),
                     byte(payload.size() >> 8),
                     byte(payload.size()),
                     byte(type),
                     byte(flags),
                     byte(stream >> 24),
                     byte(stream >> 16),
                     byte(stream >> 8),
                     byte(stream)};
  return out.append(payload);
}
inline std::string DataFrame(std::string_view payload, bool last = false) {
  return Frame(0, last ? 1 : 0, 1, payload);
}
inline std::string SettingsFrame() { return Frame(4, 0, 0, ""); }
inline std::string PingFrame() { return Frame(6, 0, 0, "12345678"); }

// HPACK literals without indexing (RFC 7541 6.2.2), for short texts.
inline std::string Field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  for (const std::string_view text : {name, value}) {
    out += static_cast<char>(text.size());
    out.append(text);
  }
  return out;
}
// The head of stream 1 as a gRPC server sends it.
inline std::string GrpcHead() {
  return Frame(1, 4, 1, "\x88" + Field("content-type", "application/grpc"));
}
inline std::string GrpcTrailers(std::string_view code, std::string_view message) {
  return Frame(1, 5, 1, Field("grpc-status", code) + Field("grpc-message", message));
}

}  // namespace outrigger::test
