#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "source/net/tls/trust.h"

namespace outrigger::net::tls {

// The one name that a server must prove: a DNS name or an address.
class VerifiedName {
 public:
  explicit VerifiedName(std::string_view name);
  // RFC 6125 6.4: without regard to case; "*" stands for the whole left-most label. Common names
  // do not count.
  bool IsAmong(const GENERAL_NAMES& names) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;   // lower case, without the final dot
  std::string bytes_;  // 4 or 16, network order; empty: a DNS name
};

// "*.example.com" for "a.example.com", whole labels and one only.
bool IsDnsMatch(std::string_view pattern, std::string_view name);

bssl::UniquePtr<GENERAL_NAMES> NamesOf(X509* x509);  // null: none

// Whether one name matches one rule.
bool MatchesAnyRule(std::span<const SanRule> rules, const GENERAL_NAMES& names);

// For failures: `DNS "a", URI "spiffe://b/c" and 3 more`.
std::string DescribeNames(const GENERAL_NAMES* names);
std::string DescribeRules(std::span<const SanRule> rules);

struct SpiffeId {
  std::string domain;
  std::string path;  // with its leading "/"
};
// The one URI of an X.509-SVID leaf. None: no URI, several, or one that is not of that form.
std::optional<SpiffeId> SpiffeIdOf(const GENERAL_NAMES* names);

}  // namespace outrigger::net::tls
