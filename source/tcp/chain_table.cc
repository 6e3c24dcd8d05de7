#include "source/tcp/chain_table.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "absl/strings/string_view.h"
#include "source/base/text.h"

namespace outrigger::tcp {
namespace {

using Bytes = std::array<uint8_t, 16>;

constexpr std::string_view kAny;  // the entry of chains that do not ask

// The first bits of an address, the others 0.
Bytes Masked(const Bytes& bytes, uint8_t bits) {
  Bytes masked{};
  const size_t whole = bits / 8;
  std::memcpy(masked.data(), bytes.data(), whole);
  if (bits % 8 != 0) masked[whole] = bytes[whole] & static_cast<uint8_t>(0xff00 >> (bits % 8));
  return masked;
}

// A list of criteria with one entry for "any" when it is empty.
const std::vector<net::Cidr>& OrAll(const std::vector<net::Cidr>& cidrs) {
  static const auto& all =
      *new std::vector<net::Cidr>{*net::Cidr::Make("0.0.0.0", 0), *net::Cidr::Make("::", 0)};
  return cidrs.empty() ? all : cidrs;
}

std::vector<std::string> OrAny(std::vector<std::string> texts) {
  if (texts.empty()) texts.emplace_back(kAny);
  return texts;
}

template <typename Map>
auto* FindIn(const Map& map, std::string_view key) {
  const auto found = map.find(absl::string_view(key.data(), key.size()));
  return found == map.end() ? nullptr : found->second.get();
}

template <typename T>
T& Made(std::unique_ptr<T>& slot) {
  if (slot == nullptr) slot = std::make_unique<T>();
  return *slot;
}

bool IsLoopback(const net::Address& address) {
  if (address.is_unix()) return true;
  static const auto& v4 = *new net::Cidr(*net::Cidr::Make("127.0.0.0", 8));
  static const auto& v6 = *new net::Cidr(*net::Cidr::Make("::1", 128));
  return v4.Contains(address) || v6.Contains(address);
}

bool IsSameIpOrLoopback(const net::Accepted& connection) {
  if (IsLoopback(connection.peer)) return true;
  return connection.peer.is_ip() && connection.local.is_ip() &&
         connection.peer.WithPort(0) == connection.local.WithPort(0);
}

size_t WaysOf(const ChainMatch& m) {
  size_t ways = 1;
  for (const size_t count :
       {OrAll(m.destinations).size(), m.server_names.size(), m.application_protocols.size(),
        OrAll(m.direct_sources).size(), OrAll(m.sources).size(), m.source_ports.size()}) {
    ways *= std::max<size_t>(count, 1);
    if (ways > ChainTable::kMostWays) break;
  }
  return ways;
}

}  // namespace

bool ChainMatch::is_empty() const {
  return !destination_port && destinations.empty() && server_names.empty() &&
         transport_protocol.empty() && application_protocols.empty() && direct_sources.empty() &&
         source_type == SourceType::kAny && sources.empty() && source_ports.empty();
}

ChainTable::ChainTable() = default;
ChainTable::~ChainTable() = default;
ChainTable::ChainTable(ChainTable&&) noexcept = default;
ChainTable& ChainTable::operator=(ChainTable&&) noexcept = default;

// --- prefixes ----------------------------------------------------------------------------------

template <typename T>
T& ChainTable::Prefixes<T>::At(const net::Cidr& cidr) {
  // IPv4 lives in ::ffff:0:0/96, so 0.0.0.0/0 and ::/0 are two entries of different lengths.
  const uint8_t bits = cidr.bits();
  auto at = std::find_if(lengths_.begin(), lengths_.end(),
                         [&](const Length& length) { return length.bits <= bits; });
  if (at == lengths_.end() || at->bits != bits) at = lengths_.insert(at, Length{bits, {}});
  return Made(at->tables[cidr.bytes()]);
}

template <typename T>
const T* ChainTable::Prefixes<T>::Find(const net::Address& address) const {
  Bytes bytes{};  // what is not IP matches only those who take all
  if (address.is_ip()) address.IpBytes(bytes.data());
  const bool is_v4 = net::Cidr::IsV4(bytes);
  for (const Length& length : lengths_) {
    if (is_v4 && length.bits < net::Cidr::kV4Offset) break;  // ::/0 has no IPv4 address
    const auto found = length.tables.find(Masked(bytes, length.bits));
    if (found != length.tables.end()) return found->second.get();
  }
  return nullptr;
}

// --- making ------------------------------------------------------------------------------------

absl::StatusOr<ChainTable> ChainTable::Make(const std::vector<ChainMatch>& matches,
                                            const std::vector<std::string>& names) {
  size_t ways = 0;
  for (const ChainMatch& match : matches) ways += WaysOf(match);
  if (ways > kMostWays) {
    return base::InvalidArgument("must not take more than ", kMostWays,
                                 " combinations of their lists in all, got ", ways, " or more");
  }
  ChainTable table;
  for (size_t i = 0; i < matches.size(); ++i) {
    table.Add(matches[i], static_cast<int>(i));
    if (table.conflict_ == kNone) continue;
    return base::InvalidArgument(names[i], " takes the same connections as ",
                                 names[static_cast<size_t>(table.conflict_)],
                                 "; of two chains one must be more exact");
  }
  return table;
}

void ChainTable::Add(const ChainMatch& match, int chain) {
  const std::vector<std::string> names = OrAny(match.server_names);
  const std::vector<std::string> protocols = OrAny(match.application_protocols);
  ByDestination& by_destination = Made(ports_[match.destination_port.value_or(0)]);
  for (const net::Cidr& destination : OrAll(match.destinations)) {
    ByName& by_name = by_destination.At(destination);
    for (const std::string& name : names) {
      // "*.example.com" is kept as ".example.com".
      const std::string key = name.starts_with("*.") ? name.substr(1) : name;
      ByApplication& by_application = Made(Made(by_name[key])[match.transport_protocol]);
      for (const std::string& protocol : protocols) {
        ByDirectSource& by_direct = Made(by_application[protocol]);
        for (const net::Cidr& direct : OrAll(match.direct_sources)) {
          const size_t type = static_cast<size_t>(match.source_type);
          AddSources(Made(by_direct.At(direct)[type]), match, chain);
        }
      }
    }
  }
}

void ChainTable::AddSources(BySource& table, const ChainMatch& match, int chain) {
  for (const net::Cidr& source : OrAll(match.sources)) {
    ByPort& by_port = table.At(source);
    const auto add = [&](uint16_t port) {
      const auto [at, is_new] = by_port.emplace(port, chain);
      // A list may name the same thing twice.
      if (!is_new && at->second != chain) conflict_ = at->second;
    };
    if (match.source_ports.empty()) add(0);
    for (const uint16_t port : match.source_ports) add(port);
  }
}

// --- finding -----------------------------------------------------------------------------------

int ChainTable::Find(net::Accepted& connection) const {
  const net::Address& local = connection.Local();
  auto found = ports_.find(local.is_ip() ? local.port() : 0);
  if (found == ports_.end()) found = ports_.find(0);
  if (found == ports_.end()) return kNone;
  const ByName* by_name = found->second->Find(local);
  return by_name == nullptr ? kNone : FindName(*by_name, connection);
}

int ChainTable::FindName(const ByName& table, const net::Accepted& connection) {
  if (connection.arrival != nullptr && !connection.arrival->server_name.empty()) {
    const std::string_view name = connection.arrival->server_name;
    // ".com" is how the table keeps "*.com": no name that a client may give.
    const auto* exact = name.front() == '.' ? nullptr : FindIn(table, name);
    if (exact != nullptr) return FindProtocols(*exact, connection);
    // The longest wildcard first; the label that stands for '*' is not empty.
    for (size_t dot = name.find('.', 1); dot != name.npos && dot + 1 < name.size();
         dot = name.find('.', dot + 1)) {
      if (const auto* wild = FindIn(table, name.substr(dot))) {
        return FindProtocols(*wild, connection);
      }
    }
  }
  const auto* any = FindIn(table, kAny);
  return any == nullptr ? kNone : FindProtocols(*any, connection);
}

int ChainTable::FindProtocols(const ByTransport& table, const net::Accepted& connection) {
  const net::Arrival* arrival = connection.arrival.get();
  std::string_view transport = "raw_buffer";
  if (arrival != nullptr && !arrival->transport_protocol.empty()) {
    transport = arrival->transport_protocol;
  }
  const auto* by_application = FindIn(table, transport);
  if (by_application == nullptr) by_application = FindIn(table, kAny);
  if (by_application == nullptr) return kNone;
  if (arrival != nullptr) {
    for (const std::string& protocol : arrival->application_protocols) {
      if (const auto* found = FindIn(*by_application, protocol)) {
        return FindSource(*found, connection);
      }
    }
  }
  const auto* any = FindIn(*by_application, kAny);
  return any == nullptr ? kNone : FindSource(*any, connection);
}

int ChainTable::FindSource(const ByDirectSource& table, const net::Accepted& connection) {
  const BySourceType* types = table.Find(connection.DirectPeer());
  if (types == nullptr) return kNone;
  const auto& same = (*types)[static_cast<size_t>(SourceType::kSameIpOrLoopback)];
  const auto& external = (*types)[static_cast<size_t>(SourceType::kExternal)];
  const BySource* sources = (*types)[static_cast<size_t>(SourceType::kAny)].get();
  if (same != nullptr || external != nullptr) {
    const auto& exact = IsSameIpOrLoopback(connection) ? same : external;
    if (exact != nullptr) sources = exact.get();
  }
  const ByPort* ports = sources == nullptr ? nullptr : sources->Find(connection.peer);
  if (ports == nullptr) return kNone;
  auto found = ports->find(connection.peer.is_ip() ? connection.peer.port() : 0);
  if (found == ports->end()) found = ports->find(0);
  return found == ports->end() ? kNone : found->second;
}

}  // namespace outrigger::tcp
