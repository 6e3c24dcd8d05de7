#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/buffer.h"
#include "source/net/address.h"

// The PROXY protocol (haproxy.org, proxy-protocol.txt): a line or a binary header in front of the
// bytes of a connection that says whose they are.
namespace outrigger::net {

enum class ProxyVersion : uint8_t { kV1, kV2 };

struct ProxyHeader {
  ProxyVersion version = ProxyVersion::kV1;
  // False: the sender speaks for itself (LOCAL, UNKNOWN, or a family that is not IP), so the
  // socket's own addresses stand.
  bool has_addresses = false;
  Address source;
  Address destination;
  // Bytes of the whole header with its TLVs; the last of them may still be to come.
  size_t size_bytes = 0;
};

enum class ProxyFound : uint8_t {
  kNeedsMore,  // a prefix of a header: at most kMostProxyAddressBytes are needed to say more
  kHeader,
  kAbsent,   // something else begins here
  kInvalid,  // a header that breaks the rules
};

// Signature, lengths and addresses of version 2 (108 bytes each for Unix sockets).
inline constexpr size_t kMostProxyAddressBytes = 16 + 216;

// Reads the header at the beginning of `bytes`. TLVs of version 2 are not looked at.
ProxyFound ReadProxyHeader(std::string_view bytes, ProxyHeader& header);

// Writes the header for a connection from `source` to `destination`; what is not IP, or not of one
// family, is written as UNKNOWN or LOCAL.
void AppendProxyHeader(ProxyVersion version, const Address& source, const Address& destination,
                       base::Buffer& out);

}  // namespace outrigger::net
