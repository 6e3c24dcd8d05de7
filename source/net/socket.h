#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "source/net/address.h"

namespace outrigger::net {

// A descriptor with one owner; closed when destroyed.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct KeepaliveOptions {
  std::optional<int> probes;
  std::optional<std::chrono::seconds> idle;
  std::optional<std::chrono::seconds> interval;
};

struct ListenOptions {
  bool reuse_port = true;  // one socket for each worker; ignored for Unix sockets
  int backlog = 4096;
  uint32_t unix_mode = 0;  // chmod of the path, 0 leaves it
};

// A bound, listening, non-blocking socket. Errors name the address and the cause. TCP_NODELAY is
// set on it: on Linux accepted sockets inherit that, which saves a system call for each.
absl::StatusOr<Socket> Listen(const Address& address, const ListenOptions& options);
// A non-blocking socket whose connect has begun (or finished). `source` binds it first.
absl::StatusOr<Socket> StartConnect(const Address& to, const Address* source,
                                    const std::optional<KeepaliveOptions>& keepalive);
Address LocalAddress(int fd);
// Where a connection was meant to go before netfilter redirected it (SO_ORIGINAL_DST; without a
// redirection its own local address); nothing for what is not IP, or where the kernel does not
// track connections.
std::optional<Address> OriginalDestination(int fd);
Address PeerAddress(int fd);

}  // namespace outrigger::net
