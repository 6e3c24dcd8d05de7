#include "source/net/tls/peer_names.h"

#include <openssl/mem.h>
#include <openssl/obj.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "source/base/text.h"
#include "source/net/address.h"
#include "source/net/tls/x509_text.h"

namespace outrigger::net::tls {
namespace {

constexpr size_t kMostDescribed = 4;
constexpr size_t kMostDescribedBytes = 120;

std::string_view StringOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::optional<std::string> OtherNameText(const OTHERNAME& name, const std::string& oid) {
  bssl::UniquePtr<ASN1_OBJECT> wanted(OBJ_txt2obj(oid.c_str(), /*dont_search_names=*/0));
  if (wanted == nullptr || OBJ_cmp(wanted.get(), name.type_id) != 0) return std::nullopt;
  if (name.value->type == V_ASN1_OCTET_STRING) {
    return std::string(StringOf(name.value->value.octet_string));
  }
  switch (name.value->type) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_T61STRING: {
      uint8_t* utf8 = nullptr;
      const int size = ASN1_STRING_to_UTF8(&utf8, name.value->value.asn1_string);
      if (size < 0) return std::nullopt;
      bssl::UniquePtr<uint8_t> owned(utf8);
      return std::string(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
    }
    default:
      return std::nullopt;
  }
}

std::string IpTextOf(std::string_view bytes) {
  sockaddr_in v4{.sin_family = AF_INET};
  sockaddr_in6 v6{.sin6_family = AF_INET6};
  if (bytes.size() == 4) {
    std::memcpy(&v4.sin_addr, bytes.data(), 4);
    return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4)).ip();
  }
  if (bytes.size() == 16) {
    std::memcpy(&v6.sin6_addr, bytes.data(), 16);
    return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)).ip();
  }
  return {};
}

bool Matches(const SanRule& rule, const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return rule.type == SanType::kDns && (*rule.matches)(Ia5Text(name));
    case GEN_EMAIL:
      return rule.type == SanType::kEmail && (*rule.matches)(Ia5Text(name));
    case GEN_URI:
      return rule.type == SanType::kUri && (*rule.matches)(Ia5Text(name));
    case GEN_IPADD:
      return rule.type == SanType::kIpAddress &&
             (*rule.matches)(IpTextOf(StringOf(name.d.iPAddress)));
    case GEN_OTHERNAME: {
      if (rule.type != SanType::kOtherName) return false;
      const std::optional<std::string> text = OtherNameText(*name.d.otherName, rule.oid);
      return text.has_value() && (*rule.matches)(*text);
    }
    default:
      return false;
  }
}

std::string Quoted(std::string_view text) {
  return base::StrCat("\"", absl::CEscape(base::AbslView(text.substr(0, kMostDescribedBytes))),
                      "\"");
}

std::string Described(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return base::StrCat("DNS ", Quoted(Ia5Text(name)));
    case GEN_EMAIL:
      return base::StrCat("e-mail ", Quoted(Ia5Text(name)));
    case GEN_URI:
      return base::StrCat("URI ", Quoted(Ia5Text(name)));
    case GEN_IPADD:
      return base::StrCat("IP address ", IpTextOf(StringOf(name.d.iPAddress)));
    default:
      return "a name of another type";
  }
}

}  // namespace

VerifiedName::VerifiedName(std::string_view name) : text_(name) {
  absl::AsciiStrToLower(&text_);
  if (text_.size() > 1 && text_.back() == '.') text_.pop_back();
  const absl::StatusOr<Address> address = Address::Ip(text_, 0);
  if (!address.ok()) return;
  uint8_t bytes[16];
  address->IpBytes(bytes);
  const std::string_view all(reinterpret_cast<const char*>(bytes), sizeof(bytes));
  bytes_ = address->family() == AF_INET ? all.substr(12) : all;
}

bool IsDnsMatch(std::string_view pattern, std::string_view name) {
  if (absl::EqualsIgnoreCase(base::AbslView(pattern), base::AbslView(name))) {
    return !pattern.starts_with("*");
  }
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view rest = pattern.substr(1);
  // A wildcard directly below the root zone would be one for everything.
  if (rest.find('.', 1) == std::string_view::npos) return false;
  return absl::EqualsIgnoreCase(base::AbslView(rest), base::AbslView(name.substr(dot)));
}

bool VerifiedName::IsAmong(const GENERAL_NAMES& names) const {
  for (const GENERAL_NAME* name : &names) {
    if (bytes_.empty()) {
      if (name->type == GEN_DNS && IsDnsMatch(Ia5Text(*name), text_)) return true;
    } else if (name->type == GEN_IPADD && StringOf(name->d.iPAddress) == bytes_) {
      return true;
    }
  }
  return false;
}

bssl::UniquePtr<GENERAL_NAMES> NamesOf(X509* x509) {
  return bssl::UniquePtr<GENERAL_NAMES>(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
}

bool MatchesAnyRule(std::span<const SanRule> rules, const GENERAL_NAMES& names) {
  for (const SanRule& rule : rules) {
    for (const GENERAL_NAME* name : &names) {
      if (Matches(rule, *name)) return true;
    }
  }
  return false;
}

std::string DescribeNames(const GENERAL_NAMES* names) {
  if (names == nullptr || sk_GENERAL_NAME_num(names) == 0) return "no names";
  std::string text;
  const size_t count = sk_GENERAL_NAME_num(names);
  for (size_t i = 0; i < std::min(count, kMostDescribed); ++i) {
    base::StrAppend(&text, i == 0 ? "" : ", ", Described(*sk_GENERAL_NAME_value(names, i)));
  }
  if (count > kMostDescribed) base::StrAppend(&text, " and ", count - kMostDescribed, " more");
  return text;
}

std::string DescribeRules(std::span<const SanRule> rules) {
  std::string text;
  for (size_t i = 0; i < std::min(rules.size(), kMostDescribed); ++i) {
    base::StrAppend(&text, i == 0 ? "" : ", ", rules[i].text);
  }
  if (rules.size() > kMostDescribed) {
    base::StrAppend(&text, " and ", rules.size() - kMostDescribed, " more");
  }
  return text;
}

std::optional<SpiffeId> SpiffeIdOf(const GENERAL_NAMES* names) {
  if (names == nullptr) return std::nullopt;
  constexpr std::string_view kScheme = "spiffe://";
  std::optional<SpiffeId> id;
  for (const GENERAL_NAME* name : names) {
    if (name->type != GEN_URI) continue;
    if (id.has_value()) return std::nullopt;
    const std::string_view uri = Ia5Text(*name);
    if (!uri.starts_with(kScheme)) return std::nullopt;
    const std::string_view rest = uri.substr(kScheme.size());
    const size_t slash = rest.find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size()) {
      return std::nullopt;
    }
    id = SpiffeId{std::string(rest.substr(0, slash)), std::string(rest.substr(slash))};
  }
  return id;
}

}  // namespace outrigger::net::tls
