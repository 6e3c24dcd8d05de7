#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace outrigger::route {

// Host names and patterns to the number of their virtual host: an exact name wins, then the longest
// suffix pattern ("*.foo.com", "*-bar.foo.com"), then the longest prefix pattern ("foo.*"), then
// "*". The star stands for at least one byte. Case does not matter.
// Filled once, then immutable; any thread.
class DomainTable {
 public:
  explicit DomainTable(bool ignore_port) : ignore_port_(ignore_port) {}

  // AlreadyExists, with the other's number in `existing`, when the domain was added before.
  absl::Status Add(std::string_view domain, uint32_t host, uint32_t& existing);
  std::optional<uint32_t> Find(std::string_view authority) const;

 private:
  using Hosts = absl::flat_hash_map<std::string, uint32_t>;
  std::optional<uint32_t> FindLowerCase(std::string_view host) const;

  const bool ignore_port_;
  Hosts exact_, suffixes_, prefixes_;                // patterns without their star
  std::vector<size_t> suffix_sizes_, prefix_sizes_;  // those that occur, longest first
  std::optional<uint32_t> any_;
};

// "example.com:80" without its port; "[::1]:80" becomes "[::1]", and an address without brackets
// stays as it is.
std::string_view WithoutPort(std::string_view authority);

}  // namespace outrigger::route
