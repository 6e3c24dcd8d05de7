#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace outrigger::net {

// An IPv4, IPv6 or Unix socket address (a leading '@' names the abstract space). A value: copy it.
// Small, for each connection may keep two; the rare long one, a Unix path, is shared among copies.
class Address {
 public:
  Address() = default;  // family AF_UNSPEC
  // Numeric IPv4 or IPv6 ("::1", no brackets).
  static absl::StatusOr<Address> Ip(std::string_view ip, uint16_t port);
  static absl::StatusOr<Address> Unix(std::string_view path);
  // "1.2.3.4:80", "[::1]:80", "unix:/path", "unix:@abstract".
  static absl::StatusOr<Address> Parse(std::string_view text);
  static Address FromSockaddr(const sockaddr* address, socklen_t length);

  int family() const { return raw()->sa_family; }
  bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  bool is_unix() const { return family() == AF_UNIX; }
  uint16_t port() const;   // 0 for Unix
  std::string ip() const;  // without port or brackets; empty for Unix
  Address WithPort(uint16_t port) const;
  // "1.2.3.4:80", "[::1]:80", the path or "@name" for Unix.
  std::string ToString() const;
  // The 16 bytes of the address; IPv4 as ::ffff:a.b.c.d. For CIDR matching. Undefined for Unix.
  void IpBytes(uint8_t out[16]) const;

  const sockaddr* raw() const {
    return unix_ != nullptr ? reinterpret_cast<const sockaddr*>(unix_.get()) : &ip_.any;
  }
  socklen_t raw_size() const { return size_; }
  friend bool operator==(const Address& a, const Address& b);
  template <typename H>
  friend H AbslHashValue(H h, const Address& a) {
    return H::combine_contiguous(std::move(h), reinterpret_cast<const char*>(a.raw()), a.size_);
  }

 private:
  union IpSockaddr {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  IpSockaddr ip_{.v6 = {}};
  socklen_t size_ = 0;
  std::shared_ptr<const sockaddr_un> unix_;
};

// An IP prefix, "10.0.0.0/8" or "fd00::/8".
class Cidr {
 public:
  static absl::StatusOr<Cidr> Make(std::string_view ip, uint32_t prefix_bits);
  bool Contains(const Address& address) const;
  // Whether these bytes, as of Address::IpBytes, are an IPv4 address.
  static bool IsV4(const std::array<uint8_t, 16>& bytes);
  static constexpr uint8_t kV4Offset = 96;  // bits in front of an IPv4 address in that form
  // The prefix in the form of Address::IpBytes, and its length in that: 96 more for IPv4.
  std::array<uint8_t, 16> bytes() const { return std::to_array(bytes_); }
  uint8_t bits() const { return bits_; }
  std::string ToString() const;

 private:
  uint8_t bytes_[16] = {};
  uint8_t bits_ = 0;  // of the 128-bit form
  bool is_v4_ = false;
};

}  // namespace outrigger::net
