#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/check.h"
#include "source/base/clock.h"
#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/net/socket.h"

namespace outrigger::net {

// A loop that a test turns, with a clock that a test moves.
struct TestLoop {
  base::ManualClock clock;
  event::Loop loop{clock};

  // Turns until `done()`; false when that takes more than 10 s.
  template <typename Done>
  [[nodiscard]] bool RunUntil(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      loop.RunOnce(base::Milliseconds(20));
    }
    return true;
  }
  // Turns until nothing happens any more.
  void Settle() {
    while (loop.RunOnce()) {
    }
  }
};

// The other end of a connection: a plain non-blocking descriptor.
class RawPeer {
 public:
  explicit RawPeer(Socket socket) : socket_(std::move(socket)) {
    fcntl(fd(), F_SETFL, fcntl(fd(), F_GETFL) | O_NONBLOCK);
  }
  int fd() const { return socket_.fd(); }
  // How much was taken.
  size_t Send(std::string_view text) {
    const ssize_t n = send(fd(), text.data(), text.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<size_t>(n);
  }
  // Adds what has arrived to received(); false once the stream has ended or failed.
  bool Receive(size_t most = 1 << 20) {
    std::string chunk(most, '\0');
    const ssize_t n = recv(fd(), chunk.data(), chunk.size(), 0);
    if (n > 0) received_.append(chunk, 0, static_cast<size_t>(n));
    if (n == 0) saw_end_ = true;
    if (n < 0 && errno == ECONNRESET) saw_reset_ = true;
    return !saw_end_ && !saw_reset_;
  }
  const std::string& received() const { return received_; }
  bool saw_end() const { return saw_end_; }
  bool saw_reset() const { return saw_reset_; }
  void FinishSending() { shutdown(fd(), SHUT_WR); }
  void Close() { socket_ = Socket(); }
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }

 private:
  Socket socket_;
  std::string received_;
  bool saw_end_ = false;
  bool saw_reset_ = false;
};

inline std::pair<Socket, Socket> UnixPair() {
  int fds[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  return {Socket(fds[0]), Socket(fds[1])};
}

// Two ends of a TCP connection over loopback: ours as accepted, and the peer's.
inline std::pair<Socket, Socket> TcpPair() {
  auto listener = Listen(*Address::Ip("127.0.0.1", 0), {});
  CHECK(listener.ok());
  auto peer = StartConnect(LocalAddress(listener->fd()), nullptr, {});
  CHECK(peer.ok());
  int fd;
  do {
    fd = accept4(listener->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && errno == EAGAIN);
  CHECK(fd >= 0);
  return {Socket(fd), *std::move(peer)};
}

// Remembers what a connection told. Takes all data at once unless told otherwise.
class Recorder : public ConnectionEvents {
 public:
  void OnConnected() override { is_connected = true; }
  void OnData(base::Buffer& in, bool end) override {
    ++data_calls;
    if (end) ++end_calls;
    last_seen = in.size();
    const size_t taken = std::min(take_at_most, in.size());
    for (size_t left = taken; left > 0;) {
      const std::string_view front = in.Front().substr(0, left);
      data.append(front);
      left -= front.size();
      in.RemovePrefix(front.size());
    }
    if (on_data) on_data(in, end);
  }
  void OnOutputHigh() override { turns += 'H'; }
  void OnOutputLow() override { turns += 'L'; }
  void OnClosed(CloseCause why) override {
    ++close_calls;
    cause = why;
  }
  bool is_closed() const { return close_calls > 0; }

  bool is_connected = false;
  std::string data;
  int data_calls = 0;
  int end_calls = 0;
  size_t last_seen = 0;
  size_t take_at_most = SIZE_MAX;
  std::string turns;
  int close_calls = 0;
  CloseCause cause{};
  absl::AnyInvocable<void(base::Buffer&, bool)> on_data;
};

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

}  // namespace outrigger::net
