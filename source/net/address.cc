#include "source/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "source/base/text.h"

namespace outrigger::net {
namespace {

// inet_pton wants a terminated string; longer texts are no addresses.
bool ParseIp(int family, std::string_view text, void* out) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(terminated)) return false;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  return std::memchr(terminated, '\0', text.size()) == nullptr &&
         inet_pton(family, terminated, out) == 1;
}

absl::Status Malformed(std::string_view text, std::string_view what) {
  return base::InvalidArgument("address: ", what, ", got \"", text,
                               "\"; known: 1.2.3.4:80, [::1]:80, unix:/path, unix:@name");
}

}  // namespace

absl::StatusOr<Address> Address::Ip(std::string_view ip, uint16_t port) {
  Address address;
  if (ParseIp(AF_INET, ip, &address.ip_.v4.sin_addr)) {
    address.ip_.v4.sin_family = AF_INET;
    address.ip_.v4.sin_port = htons(port);
    address.size_ = sizeof(sockaddr_in);
    return address;
  }
  address.ip_ = {.v6 = {}};
  if (ParseIp(AF_INET6, ip, &address.ip_.v6.sin6_addr)) {
    address.ip_.v6.sin6_family = AF_INET6;
    address.ip_.v6.sin6_port = htons(port);
    address.size_ = sizeof(sockaddr_in6);
    return address;
  }
  return base::InvalidArgument("address: not a numeric IPv4 or IPv6 address, got \"", ip, "\"");
}

absl::StatusOr<Address> Address::Unix(std::string_view path) {
  auto un = std::make_shared<sockaddr_un>();
  un->sun_family = AF_UNIX;
  const bool is_abstract = path.starts_with('@');
  // A path ends with a NUL that counts; an abstract name starts with one instead.
  const size_t longest = sizeof(un->sun_path) - (is_abstract ? 0 : 1);
  if (path.empty() || path.size() > longest) {
    return base::InvalidArgument("address: a Unix path must have 1-", longest, " bytes, got ",
                                 path.size());
  }
  if (path.find('\0') != std::string_view::npos) {
    return base::InvalidArgument("address: a Unix path must not hold a NUL");
  }
  std::memcpy(un->sun_path, path.data(), path.size());
  if (is_abstract) un->sun_path[0] = '\0';
  Address address;
  address.size_ =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  address.unix_ = std::move(un);
  return address;
}

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return Unix(text.substr(kUnix.size()));
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Malformed(text, "no port");
  const std::string_view digits = text.substr(colon + 1);
  const std::optional<uint16_t> port = base::ParseNumber<uint16_t>(digits);
  if (!port) return Malformed(text, "the port must be 0-65535");
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  absl::StatusOr<Address> address = Ip(host, *port);
  if (!address.ok() || (address->family() == AF_INET6) != is_bracketed) {
    return Malformed(text, "not a numeric address");
  }
  return address;
}

Address Address::FromSockaddr(const sockaddr* from, socklen_t length) {
  Address address;
  if (length < sizeof(sa_family_t)) return address;
  if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&address.ip_.v4, from, sizeof(sockaddr_in));
    std::memset(address.ip_.v4.sin_zero, 0, sizeof(address.ip_.v4.sin_zero));
    address.size_ = sizeof(sockaddr_in);
  } else if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(&address.ip_.v6, from, sizeof(sockaddr_in6));
    address.size_ = sizeof(sockaddr_in6);
  } else if (from->sa_family == AF_UNIX && length <= sizeof(sockaddr_un)) {
    // An unnamed one, as most clients have, is just the family.
    auto un = std::make_shared<sockaddr_un>();
    std::memcpy(un.get(), from, length);
    address.size_ = length;
    address.unix_ = std::move(un);
  }
  return address;
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(ip_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(ip_.v6.sin6_port);
  return 0;
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &ip_.v4.sin_addr, text, sizeof(text));
  if (family() == AF_INET6) inet_ntop(AF_INET6, &ip_.v6.sin6_addr, text, sizeof(text));
  return text;
}

Address Address::WithPort(uint16_t port) const {
  Address copy = *this;
  if (family() == AF_INET) copy.ip_.v4.sin_port = htons(port);
  if (family() == AF_INET6) copy.ip_.v6.sin6_port = htons(port);
  return copy;
}

std::string Address::ToString() const {
  if (family() == AF_INET) return base::StrCat(ip(), ":", port());
  if (family() == AF_INET6) return base::StrCat("[", ip(), "]:", port());
  if (!is_unix()) return "";
  const size_t length = size_ - offsetof(sockaddr_un, sun_path);
  if (length == 0) return "";
  const char* path = unix_->sun_path;
  if (path[0] == '\0') return base::StrCat("@", std::string_view(path + 1, length - 1));
  return std::string(path, strnlen(path, length));
}

void Address::IpBytes(uint8_t out[16]) const {
  if (family() == AF_INET6) {
    std::memcpy(out, &ip_.v6.sin6_addr, 16);
    return;
  }
  std::memset(out, 0, 10);
  out[10] = out[11] = 0xff;
  std::memcpy(out + 12, &ip_.v4.sin_addr, 4);
}

bool operator==(const Address& a, const Address& b) {
  return a.size_ == b.size_ && std::memcmp(a.raw(), b.raw(), a.size_) == 0;
}

}  // namespace outrigger::net
