#include "source/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace outrigger::net {
namespace {

constexpr int kOn = 1;

// For errno of the last call.
absl::Status Failed(const char* call, const Address& address) {
  const int error = errno;
  return absl::UnavailableError(
      absl::StrCat(call, " ", address.ToString(), ": ", std::generic_category().message(error)));
}

bool SetInt(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

Socket NewSocket(int family) {
  return Socket(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// A path that a process left behind when it died is in the way of bind; one that someone listens on
// is not ours to take.
void RemoveStalePath(const Address& address) {
  const std::string path = address.ToString();
  struct stat status;
  if (path.empty() || path[0] == '@' || stat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) return;
  const Socket probe = NewSocket(AF_UNIX);
  if (connect(probe.fd(), address.raw(), address.raw_size()) == 0) return;
  if (errno == ECONNREFUSED) unlink(path.c_str());
}

absl::Status SetKeepalive(int fd, const KeepaliveOptions& options, const Address& address) {
  const auto seconds = [](std::chrono::seconds s) { return static_cast<int>(s.count()); };
  bool ok = SetInt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.probes) ok = ok && SetInt(fd, IPPROTO_TCP, TCP_KEEPCNT, *options.probes);
  if (options.idle) ok = ok && SetInt(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(*options.idle));
  if (options.interval) {
    ok = ok && SetInt(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(*options.interval));
  }
  return ok ? absl::OkStatus() : Failed("keepalive towards", address);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<Socket> Listen(const Address& address, const ListenOptions& options) {
  Socket socket = NewSocket(address.family());
  if (!socket) return Failed("socket for", address);
  if (address.is_ip()) {
    // What was accepted must not keep a restarted process from its port.
    if (!SetInt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, kOn)) return Failed("reuse of", address);
    if (options.reuse_port && !SetInt(socket.fd(), SOL_SOCKET, SO_REUSEPORT, kOn)) {
      return Failed("reuse_port of", address);
    }
    if (!SetInt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, kOn)) return Failed("no delay on", address);
    // Else a listener on [::] takes 0.0.0.0 as well, and the order of listeners would matter.
    if (address.family() == AF_INET6 && !SetInt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, kOn)) {
      return Failed("v6only on", address);
    }
  } else {
    RemoveStalePath(address);
  }
  if (bind(socket.fd(), address.raw(), address.raw_size()) != 0) return Failed("bind to", address);
  if (address.is_unix() && options.unix_mode != 0) {
    const std::string path = address.ToString();
    if (path[0] != '@' && chmod(path.c_str(), options.unix_mode) != 0) {
      return Failed("chmod of", address);
    }
  }
  if (listen(socket.fd(), options.backlog) != 0) return Failed("listen on", address);
  return socket;
}

absl::StatusOr<Socket> StartConnect(const Address& to, const Address* source,
                                    const std::optional<KeepaliveOptions>& keepalive) {
  Socket socket = NewSocket(to.family());
  if (!socket) return Failed("socket for", to);
  if (to.is_ip()) {
    if (!SetInt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, kOn)) return Failed("no delay towards", to);
    if (keepalive) {
      if (absl::Status set = SetKeepalive(socket.fd(), *keepalive, to); !set.ok()) return set;
    }
  }
  if (source != nullptr) {
    // The port is chosen at connect, when the kernel knows the peer: one port serves many peers.
    if (source->is_ip() && source->port() == 0) {
      SetInt(socket.fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, kOn);
    }
    if (bind(socket.fd(), source->raw(), source->raw_size()) != 0) {
      return Failed("bind to source", *source);
    }
  }
  int result;
  do {
    result = connect(socket.fd(), to.raw(), to.raw_size());
  } while (result != 0 && errno == EINTR && to.is_unix());
  // EAGAIN, of a Unix socket with a full backlog, is an error: nothing would tell when it is over.
  if (result != 0 && errno != EINPROGRESS && errno != EINTR) return Failed("connect to", to);
  return socket;
}

Address LocalAddress(int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof(storage);
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  return getsockname(fd, raw, &size) == 0 ? Address::FromSockaddr(raw, size) : Address();
}

std::optional<Address> OriginalDestination(int fd) {
  constexpr int kOriginalDst = 80;  // of <linux/netfilter_ipv4.h>, which fights with <netinet/in.h>
  const int family = LocalAddress(fd).family();
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  sockaddr_storage storage;
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  // A client of IPv4 on a socket for both families is asked for as IPv4.
  const int first = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  for (const int level : {first, int{IPPROTO_IP}}) {
    socklen_t size = sizeof(storage);
    if (getsockopt(fd, level, kOriginalDst, raw, &size) == 0) {
      return Address::FromSockaddr(raw, size);
    }
  }
  return std::nullopt;
}

Address PeerAddress(int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof(storage);
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  return getpeername(fd, raw, &size) == 0 ? Address::FromSockaddr(raw, size) : Address();
}

}  // namespace outrigger::net
