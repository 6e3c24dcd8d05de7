#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "source/net/accepted.h"
#include "source/net/address.h"

namespace outrigger::tcp {

enum class SourceType : uint8_t { kAny, kSameIpOrLoopback, kExternal };

// Which connections a filter chain takes; what is empty takes all.
struct ChainMatch {
  std::optional<uint16_t> destination_port;
  std::vector<net::Cidr> destinations;
  std::vector<std::string> server_names;  // lower case, "*.example.com" for a wildcard
  std::string transport_protocol;
  std::vector<std::string> application_protocols;
  std::vector<net::Cidr> direct_sources;
  SourceType source_type = SourceType::kAny;
  std::vector<net::Cidr> sources;
  std::vector<uint16_t> source_ports;

  bool is_empty() const;
};

// Finds the filter chain of a connection. Criteria are looked at in the order of ChainMatch's
// fields; at each the most exact of what is left wins, and there is no way back: Envoy's rule. The
// cost is a few look-ups in hash tables (for prefixes: one for each length in use), however many
// chains there are.
// Owner: the listener's spec.  Thread: any, immutable.
class ChainTable {
 public:
  static constexpr int kNone = -1;
  // Ways to get to a chain, over all chains: lists multiply.
  static constexpr size_t kMostWays = 1'000'000;

  ChainTable();
  ~ChainTable();
  ChainTable(ChainTable&&) noexcept;
  ChainTable& operator=(ChainTable&&) noexcept;

  // Errors: two chains take the same connections; more than kMostWays. `matches[i]` is of chain i,
  // `names[i]` is how errors call it.
  static absl::StatusOr<ChainTable> Make(const std::vector<ChainMatch>& matches,
                                         const std::vector<std::string>& names);

  // The chain's index, or kNone. May ask the kernel for the local address.
  int Find(net::Accepted& connection) const;

 private:
  // Longest prefix first; both families in their 128-bit form.
  template <typename T>
  class Prefixes {
   public:
    T& At(const net::Cidr& cidr);
    const T* Find(const net::Address& address) const;

   private:
    struct Length {
      uint8_t bits;
      absl::flat_hash_map<std::array<uint8_t, 16>, std::unique_ptr<T>> tables;
    };
    std::vector<Length> lengths_;
  };
  using ByPort = absl::flat_hash_map<uint16_t, int>;  // 0: any
  using BySource = Prefixes<ByPort>;
  using BySourceType = std::array<std::unique_ptr<BySource>, 3>;
  using ByDirectSource = Prefixes<BySourceType>;
  using ByApplication = absl::flat_hash_map<std::string, std::unique_ptr<ByDirectSource>>;
  using ByTransport = absl::flat_hash_map<std::string, std::unique_ptr<ByApplication>>;
  using ByName = absl::flat_hash_map<std::string, std::unique_ptr<ByTransport>>;
  using ByDestination = Prefixes<ByName>;
  using ByDestinationPort = absl::flat_hash_map<uint16_t, std::unique_ptr<ByDestination>>;

  void Add(const ChainMatch& match, int chain);
  void AddSources(BySource& table, const ChainMatch& match, int chain);
  static int FindName(const ByName& table, const net::Accepted& connection);
  static int FindProtocols(const ByTransport& table, const net::Accepted& connection);
  static int FindSource(const ByDirectSource& table, const net::Accepted& connection);

  ByDestinationPort ports_;
  int conflict_ = kNone;  // the chain that has what another was to get
};

}  // namespace outrigger::tcp
