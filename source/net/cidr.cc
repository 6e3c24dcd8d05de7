#include <algorithm>
#include <cstring>

#include "source/base/text.h"
#include "source/net/address.h"

namespace outrigger::net {

absl::StatusOr<Cidr> Cidr::Make(std::string_view ip, uint32_t prefix_bits) {
  const absl::StatusOr<Address> address = Address::Ip(ip, 0);
  if (!address.ok()) return address.status();
  Cidr cidr;
  cidr.is_v4_ = address->family() == AF_INET;
  const uint32_t most = cidr.is_v4_ ? 32 : 128;
  if (prefix_bits > most) {
    return base::InvalidArgument("prefix_len: must be 0-", most, " for ", ip, ", got ",
                                 prefix_bits);
  }
  address->IpBytes(cidr.bytes_);
  cidr.bits_ = static_cast<uint8_t>(prefix_bits + (cidr.is_v4_ ? 96 : 0));
  // Bits behind the prefix say nothing: 10.1.2.3/8 is 10.0.0.0/8.
  for (int i = 0; i < 16; ++i) {
    const int kept = std::min(8, std::max(0, cidr.bits_ - 8 * i));
    cidr.bytes_[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return cidr;
}

bool Cidr::IsV4(const std::array<uint8_t, 16>& bytes) {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(bytes.data(), kMapped, sizeof(kMapped)) == 0;
}

bool Cidr::Contains(const Address& address) const {
  // ::ffff:1.2.3.4, an IPv4 peer on a socket for both families, is in 1.0.0.0/8 but not in ::/0.
  if (!address.is_ip()) return false;
  std::array<uint8_t, 16> bytes;
  address.IpBytes(bytes.data());
  if (IsV4(bytes) != is_v4_) return false;
  const size_t whole = bits_ / 8;
  if (std::memcmp(bytes.data(), bytes_, whole) != 0) return false;
  const int rest = bits_ % 8;
  return rest == 0 || (bytes[whole] & (0xff00 >> rest) & 0xff) == bytes_[whole];
}

std::string Cidr::ToString() const {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, bytes_, 16);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, bytes_ + 12, 4);
  const Address address =
      is_v4_ ? Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4))
             : Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  return base::StrCat(address.ip(), "/", bits_ - (is_v4_ ? 96 : 0));
}

}  // namespace outrigger::net
