#include "source/net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "source/base/text.h"

namespace outrigger::net {
namespace {

constexpr std::string_view kTextStart = "PROXY ";
constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kMostTextBytes = 107;  // with the final CRLF
constexpr size_t kBinaryHeadBytes = 16;
constexpr uint8_t kLocalCommand = 0, kProxyCommand = 1;
constexpr uint8_t kTcpOverV4 = 0x11, kTcpOverV6 = 0x21;
constexpr size_t kV4Bytes = 12, kV6Bytes = 36;

bool MayBegin(std::string_view bytes, std::string_view start) {
  const size_t size = std::min(bytes.size(), start.size());
  return bytes.substr(0, size) == start.substr(0, size);
}

// --- version 1 ---------------------------------------------------------------------------------

// The text up to the next space, which is taken too; nothing when there is no space.
std::optional<std::string_view> TakeWord(std::string_view& line) {
  const size_t space = line.find(' ');
  if (space == line.npos) return std::nullopt;
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space + 1);
  return word;
}

std::optional<uint16_t> ReadPort(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

std::optional<Address> ReadIp(std::string_view text, std::string_view port_text, int family) {
  const std::optional<uint16_t> port = ReadPort(port_text);
  if (!port) return std::nullopt;
  const absl::StatusOr<Address> address = Address::Ip(text, *port);
  if (!address.ok() || address->family() != family) return std::nullopt;
  return *address;
}

// `line` is without PROXY and CRLF: "TCP4 1.2.3.4 5.6.7.8 1000 80".
ProxyFound ReadLine(std::string_view line, ProxyHeader& header) {
  if (line == "UNKNOWN" || line.substr(0, 8) == "UNKNOWN ") return ProxyFound::kHeader;
  const auto protocol = TakeWord(line);
  if (protocol != "TCP4" && protocol != "TCP6") return ProxyFound::kInvalid;
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  const auto source = TakeWord(line);
  const auto destination = TakeWord(line);
  const auto source_port = TakeWord(line);
  if (!source || !destination || !source_port) return ProxyFound::kInvalid;
  const auto from = ReadIp(*source, *source_port, family);
  const auto to = ReadIp(*destination, line, family);
  if (!from || !to) return ProxyFound::kInvalid;
  header.has_addresses = true;
  header.source = *from;
  header.destination = *to;
  return ProxyFound::kHeader;
}

ProxyFound ReadText(std::string_view bytes, ProxyHeader& header) {
  header.version = ProxyVersion::kV1;
  const size_t end = bytes.substr(0, kMostTextBytes).find('\n');
  if (end == bytes.npos) {
    return bytes.size() < kMostTextBytes ? ProxyFound::kNeedsMore : ProxyFound::kInvalid;
  }
  if (end <= kTextStart.size() || bytes[end - 1] != '\r') return ProxyFound::kInvalid;
  header.size_bytes = end + 1;
  return ReadLine(bytes.substr(kTextStart.size(), end - 1 - kTextStart.size()), header);
}

// --- version 2 ---------------------------------------------------------------------------------

Address FromV4(const char* ip, const char* port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  std::memcpy(&raw.sin_addr, ip, sizeof(raw.sin_addr));
  std::memcpy(&raw.sin_port, port, sizeof(raw.sin_port));
  return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof(raw));
}

Address FromV6(const char* ip, const char* port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, ip, sizeof(raw.sin6_addr));
  std::memcpy(&raw.sin6_port, port, sizeof(raw.sin6_port));
  return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof(raw));
}

ProxyFound ReadBinary(std::string_view bytes, ProxyHeader& header) {
  header.version = ProxyVersion::kV2;
  if (bytes.size() < kBinaryHeadBytes) return ProxyFound::kNeedsMore;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t command = at(12) & 0xf;
  if (at(12) >> 4 != 2 || command > kProxyCommand) return ProxyFound::kInvalid;
  const size_t rest = static_cast<size_t>(at(14)) << 8 | at(15);
  header.size_bytes = kBinaryHeadBytes + rest;
  if (command == kLocalCommand) return ProxyFound::kHeader;
  const uint8_t family = at(13) >> 4, transport = at(13) & 0xf;
  if (family > 3 || transport > 1) return ProxyFound::kInvalid;  // datagrams do not come this way
  if (at(13) != kTcpOverV4 && at(13) != kTcpOverV6) return ProxyFound::kHeader;
  const size_t needed = at(13) == kTcpOverV4 ? kV4Bytes : kV6Bytes;
  if (rest < needed) return ProxyFound::kInvalid;
  if (bytes.size() < kBinaryHeadBytes + needed) return ProxyFound::kNeedsMore;
  const char* p = bytes.data() + kBinaryHeadBytes;
  header.has_addresses = true;
  if (at(13) == kTcpOverV4) {
    header.source = FromV4(p, p + 8);
    header.destination = FromV4(p + 4, p + 10);
  } else {
    header.source = FromV6(p, p + 32);
    header.destination = FromV6(p + 16, p + 34);
  }
  return ProxyFound::kHeader;
}

void AppendBinary(const Address& source, const Address& destination, bool has_addresses,
                  base::Buffer& out) {
  char head[kBinaryHeadBytes + kV6Bytes] = {};
  std::memcpy(head, kBinaryStart.data(), kBinaryStart.size());
  head[12] = static_cast<char>(0x20 | (has_addresses ? kProxyCommand : kLocalCommand));
  size_t size = 0;
  char* p = head + kBinaryHeadBytes;
  if (has_addresses && source.family() == AF_INET) {
    const auto* from = reinterpret_cast<const sockaddr_in*>(source.raw());
    const auto* to = reinterpret_cast<const sockaddr_in*>(destination.raw());
    head[13] = kTcpOverV4;
    size = kV4Bytes;
    std::memcpy(p, &from->sin_addr, 4);
    std::memcpy(p + 4, &to->sin_addr, 4);
    std::memcpy(p + 8, &from->sin_port, 2);
    std::memcpy(p + 10, &to->sin_port, 2);
  } else if (has_addresses) {
    const auto* from = reinterpret_cast<const sockaddr_in6*>(source.raw());
    const auto* to = reinterpret_cast<const sockaddr_in6*>(destination.raw());
    head[13] = kTcpOverV6;
    size = kV6Bytes;
    std::memcpy(p, &from->sin6_addr, 16);
    std::memcpy(p + 16, &to->sin6_addr, 16);
    std::memcpy(p + 32, &from->sin6_port, 2);
    std::memcpy(p + 34, &to->sin6_port, 2);
  }
  head[15] = static_cast<char>(size);
  out.Append(std::string_view(head, kBinaryHeadBytes + size));
}

}  // namespace

ProxyFound ReadProxyHeader(std::string_view bytes, ProxyHeader& header) {
  header = ProxyHeader();
  const bool may_be_text = MayBegin(bytes, kTextStart);
  if (!may_be_text && !MayBegin(bytes, kBinaryStart)) return ProxyFound::kAbsent;
  if (bytes.size() < (may_be_text ? kTextStart : kBinaryStart).size()) {
    return ProxyFound::kNeedsMore;
  }
  return may_be_text ? ReadText(bytes, header) : ReadBinary(bytes, header);
}

void AppendProxyHeader(ProxyVersion version, const Address& source, const Address& destination,
                       base::Buffer& out) {
  const bool has_addresses = source.is_ip() && source.family() == destination.family();
  if (version == ProxyVersion::kV2) return AppendBinary(source, destination, has_addresses, out);
  if (!has_addresses) return out.Append(std::string_view("PROXY UNKNOWN\r\n"));
  out.Append(base::StrCat("PROXY ", source.family() == AF_INET ? "TCP4 " : "TCP6 ", source.ip(),
                          " ", destination.ip(), " ", source.port(), " ", destination.port(),
                          "\r\n"));
}

}  // namespace outrigger::net
