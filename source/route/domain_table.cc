#include "source/route/domain_table.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/text.h"

namespace outrigger::route {
namespace {

void Remember(std::vector<size_t>& sizes, size_t size) {
  const auto at = std::lower_bound(sizes.begin(), sizes.end(), size, std::greater<>());
  if (at == sizes.end() || *at != size) sizes.insert(at, size);
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

absl::Status DomainTable::Add(std::string_view domain, uint32_t host, uint32_t& existing) {
  std::string text = absl::AsciiStrToLower(base::AbslView(domain));
  if (text.empty()) return absl::InvalidArgumentError("domain: must not be empty");
  if (text == "*") {
    if (any_.has_value()) {
      existing = *any_;
      return absl::AlreadyExistsError("");
    }
    any_ = host;
    return absl::OkStatus();
  }
  const size_t stars = static_cast<size_t>(std::count(text.begin(), text.end(), '*'));
  Hosts* hosts = &exact_;
  if (stars != 0) {
    if (stars == 1 && text.front() == '*') {
      text.erase(0, 1);
      hosts = &suffixes_;
    } else if (stars == 1 && text.back() == '*') {
      text.pop_back();
      hosts = &prefixes_;
    } else {
      return absl::InvalidArgumentError(
          "domain: one \"*\" may stand at the start or at the end, nowhere else");
    }
  }
  const size_t size = text.size();
  const auto [at, added] = hosts->try_emplace(std::move(text), host);
  if (!added) {
    existing = at->second;
    return absl::AlreadyExistsError("");
  }
  if (hosts == &suffixes_) Remember(suffix_sizes_, size);
  if (hosts == &prefixes_) Remember(prefix_sizes_, size);
  return absl::OkStatus();
}

std::optional<uint32_t> DomainTable::Find(std::string_view authority) const {
  if (exact_.empty() && suffixes_.empty() && prefixes_.empty()) return any_;
  if (ignore_port_) authority = WithoutPort(authority);
  if (std::none_of(authority.begin(), authority.end(), IsUpper)) return FindLowerCase(authority);
  return FindLowerCase(absl::AsciiStrToLower(base::AbslView(authority)));
}

std::optional<uint32_t> DomainTable::FindLowerCase(std::string_view host) const {
  if (const auto at = exact_.find(base::AbslView(host)); at != exact_.end()) return at->second;
  for (const size_t size : suffix_sizes_) {
    if (size >= host.size()) continue;
    const auto at = suffixes_.find(base::AbslView(host.substr(host.size() - size)));
    if (at != suffixes_.end()) return at->second;
  }
  for (const size_t size : prefix_sizes_) {
    if (size >= host.size()) continue;
    const auto at = prefixes_.find(base::AbslView(host.substr(0, size)));
    if (at != prefixes_.end()) return at->second;
  }
  return any_;
}

std::string_view WithoutPort(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  const std::string_view port = authority.substr(colon + 1);
  if (!std::all_of(port.begin(), port.end(), absl::ascii_isdigit)) return authority;
  const std::string_view host = authority.substr(0, colon);
  const bool has_brackets = !host.empty() && host.back() == ']';
  // More than one colon and no brackets: an IPv6 address, and that was its last group.
  if (!has_brackets && host.find(':') != std::string_view::npos) return authority;
  return host;
}

}  // namespace outrigger::route
