#include "source/extensions/http_filters/rbac/conditions.h"

#include <utility>

#include "source/base/text.h"
#include "source/config/matcher_config.h"

namespace outrigger::rbac {
namespace {

using envoy::config::rbac::v3::Permission;
using envoy::config::rbac::v3::Principal;

constexpr int kMostLevels = 32;

std::nullopt_t NotImplemented(std::string_view field, const config::Place& place) {
  place.At(field).Refuse("not implemented");
  return std::nullopt;
}

// `any` stands for everything; false would stand for nothing, which nobody means.
std::optional<Condition> Everything(bool any, const config::Place& place) {
  if (!any) {
    place.At("any").Refuse("must be true, got false");
    return std::nullopt;
  }
  return [](http::StreamView&) { return true; };
}

// A list of the same kind of thing; empty after a refusal.
template <typename List, typename ReadOne>
std::vector<Condition> ReadList(const List& list, const config::Place& place,
                                std::string_view field, ReadOne read) {
  std::vector<Condition> conditions;
  for (int i = 0; i < list.size(); ++i) {
    auto condition = read(list[i], place.At(field, i));
    if (condition) conditions.push_back(*std::move(condition));
  }
  if (list.empty()) place.At(field).Refuse("at least one is needed");
  return conditions;
}

Condition All(std::vector<Condition> conditions) {
  return [conditions = std::move(conditions)](http::StreamView& stream) {
    for (const Condition& condition : conditions) {
      if (!condition(stream)) return false;
    }
    return true;
  };
}

Condition Any(std::vector<Condition> conditions) {
  return [conditions = std::move(conditions)](http::StreamView& stream) {
    for (const Condition& condition : conditions) {
      if (condition(stream)) return true;
    }
    return false;
  };
}

std::optional<Condition> Not(std::optional<Condition> condition) {
  if (!condition) return std::nullopt;
  return [condition = *std::move(condition)](http::StreamView& s) { return !condition(s); };
}

std::optional<Condition> Header(const envoy::config::route::v3::HeaderMatcher& proto,
                                const config::Place& place) {
  auto matcher = config::ReadHeaderMatcher(proto, place);
  if (!matcher) return std::nullopt;
  return [matcher = *std::move(matcher)](http::StreamView& stream) {
    return matcher.Matches(stream.request());
  };
}

std::optional<Condition> UrlPath(const envoy::type::matcher::v3::PathMatcher& proto,
                                 const config::Place& place) {
  auto matcher = config::ReadStringMatcher(proto.path(), place.At("path"));
  if (!matcher) return std::nullopt;
  return [matcher = *std::move(matcher)](http::StreamView& stream) {
    return matcher.Matches(stream.request().path());
  };
}

std::optional<Condition> ServerName(const envoy::type::matcher::v3::StringMatcher& proto,
                                    const config::Place& place) {
  auto matcher = config::ReadStringMatcher(proto, place);
  if (!matcher) return std::nullopt;
  return [matcher = *std::move(matcher)](http::StreamView& stream) {
    return matcher.Matches(stream.summary().ServerName());
  };
}

// The certificate of a client whose chain led to what its listener trusts; null: nobody knows who
// the client is. A certificate that was only looked at proves nothing.
const net::CertificateInfo* ProvenCertificate(const http::StreamSummary& summary) {
  const net::TlsInfo* tls = summary.downstream_tls();
  return tls == nullptr || !tls->is_peer_verified ? nullptr : tls->peer.get();
}

// Its names in Envoy's order: URIs, DNS names, the subject.
template <typename Matcher>
bool AnyNameMatches(const net::CertificateInfo& certificate, const Matcher& matcher) {
  for (const std::string& uri : certificate.uris) {
    if (matcher.Matches(uri)) return true;
  }
  for (const std::string& name : certificate.dns_names) {
    if (matcher.Matches(name)) return true;
  }
  return matcher.Matches(certificate.subject);
}

std::optional<Condition> Authenticated(const Principal::Authenticated& proto,
                                       const config::Place& place) {
  if (!proto.has_principal_name()) {
    return [](http::StreamView& stream) { return ProvenCertificate(stream.summary()) != nullptr; };
  }
  auto matcher = config::ReadStringMatcher(proto.principal_name(), place.At("principal_name"));
  if (!matcher) return std::nullopt;
  return [matcher = *std::move(matcher)](http::StreamView& stream) {
    const net::CertificateInfo* certificate = ProvenCertificate(stream.summary());
    return certificate != nullptr && AnyNameMatches(*certificate, matcher);
  };
}

using AddressOf = const net::Address* (*)(const http::StreamSummary&);

std::optional<Condition> InRange(const envoy::config::core::v3::CidrRange& proto,
                                 const config::Place& place, AddressOf of) {
  const uint32_t bits = proto.has_prefix_len() ? proto.prefix_len().value() : 0;
  auto range = net::Cidr::Make(proto.address_prefix(), bits);
  if (!range.ok()) {
    place.Refuse(range.status());
    return std::nullopt;
  }
  return [range = *range, of](http::StreamView& stream) {
    const net::Address* address = of(stream.summary());
    return address != nullptr && address->is_ip() && range.Contains(*address);
  };
}

const net::Address* Local(const http::StreamSummary& summary) { return summary.downstream_local; }
const net::Address* Remote(const http::StreamSummary& summary) { return summary.downstream_remote; }
const net::Address* DirectRemote(const http::StreamSummary& summary) {
  return summary.downstream_direct_remote;
}

uint16_t LocalPort(http::StreamView& stream) {
  const net::Address* address = stream.summary().downstream_local;
  return address == nullptr ? 0 : address->port();
}

std::optional<Condition> PortIs(uint32_t port, const config::Place& place) {
  if (port > 65535) {
    place.Refuse(base::StrCat("must be 0-65535, got ", port));
    return std::nullopt;
  }
  return [port](http::StreamView& stream) { return LocalPort(stream) == port; };
}

std::optional<Condition> PortIn(int first, int end, const config::Place& place) {
  if (first < 0 || end > 65536 || first >= end) {
    place.Refuse(base::StrCat("must be start < end within 0-65536, got ", first, " to ", end));
    return std::nullopt;
  }
  return [first, end](http::StreamView& stream) {
    const int port = LocalPort(stream);
    return port >= first && port < end;
  };
}

bool IsTooDeep(int depth, const config::Place& place) {
  if (depth < kMostLevels) return false;
  place.Refuse(base::StrCat("more than ", kMostLevels, " levels deep"));
  return true;
}

}  // namespace

std::optional<Condition> ReadPermission(const Permission& permission, const config::Place& place,
                                        int depth) {
  if (IsTooDeep(depth, place)) return std::nullopt;
  const auto deeper = [depth](const Permission& p, const config::Place& where) {
    return ReadPermission(p, where, depth + 1);
  };
  switch (permission.rule_case()) {
    case Permission::kAndRules: {
      const config::Place below = place.At("and_rules");
      return All(ReadList(permission.and_rules().rules(), below, "rules", deeper));
    }
    case Permission::kOrRules: {
      const config::Place below = place.At("or_rules");
      return Any(ReadList(permission.or_rules().rules(), below, "rules", deeper));
    }
    case Permission::kNotRule:
      return Not(deeper(permission.not_rule(), place.At("not_rule")));
    case Permission::kAny:
      return Everything(permission.any(), place);
    case Permission::kHeader:
      return Header(permission.header(), place.At("header"));
    case Permission::kUrlPath:
      return UrlPath(permission.url_path(), place.At("url_path"));
    case Permission::kDestinationIp:
      return InRange(permission.destination_ip(), place.At("destination_ip"), Local);
    case Permission::kDestinationPort:
      return PortIs(permission.destination_port(), place.At("destination_port"));
    case Permission::kDestinationPortRange:
      return PortIn(permission.destination_port_range().start(),
                    permission.destination_port_range().end(), place.At("destination_port_range"));
    case Permission::kMetadata:
      return NotImplemented("metadata", place);
    case Permission::kSourcedMetadata:
      return NotImplemented("sourced_metadata", place);
    case Permission::kRequestedServerName:
      return ServerName(permission.requested_server_name(), place.At("requested_server_name"));
    case Permission::kMatcher:
      return NotImplemented("matcher", place);
    case Permission::kUriTemplate:
      return NotImplemented("uri_template", place);
    case Permission::RULE_NOT_SET:
      break;
  }
  place.Refuse(
      "one of any, and_rules, or_rules, not_rule, header, url_path, destination_ip, "
      "destination_port, destination_port_range, requested_server_name is needed");
  return std::nullopt;
}

std::optional<Condition> ReadPrincipal(const Principal& principal, const config::Place& place,
                                       int depth) {
  if (IsTooDeep(depth, place)) return std::nullopt;
  const auto deeper = [depth](const Principal& p, const config::Place& where) {
    return ReadPrincipal(p, where, depth + 1);
  };
  switch (principal.identifier_case()) {
    case Principal::kAndIds: {
      const config::Place below = place.At("and_ids");
      return All(ReadList(principal.and_ids().ids(), below, "ids", deeper));
    }
    case Principal::kOrIds: {
      const config::Place below = place.At("or_ids");
      return Any(ReadList(principal.or_ids().ids(), below, "ids", deeper));
    }
    case Principal::kNotId:
      return Not(deeper(principal.not_id(), place.At("not_id")));
    case Principal::kAny:
      return Everything(principal.any(), place);
    case Principal::kHeader:
      return Header(principal.header(), place.At("header"));
    case Principal::kUrlPath:
      return UrlPath(principal.url_path(), place.At("url_path"));
    // The deprecated source_ip means the socket's peer, or what the PROXY protocol says of it.
    case Principal::kSourceIp:
      return InRange(principal.source_ip(), place.At("source_ip"), DirectRemote);
    case Principal::kDirectRemoteIp:
      return InRange(principal.direct_remote_ip(), place.At("direct_remote_ip"), DirectRemote);
    case Principal::kRemoteIp:
      return InRange(principal.remote_ip(), place.At("remote_ip"), Remote);
    case Principal::kAuthenticated:
      return Authenticated(principal.authenticated(), place.At("authenticated"));
    case Principal::kMetadata:
      return NotImplemented("metadata", place);
    case Principal::kSourcedMetadata:
      return NotImplemented("sourced_metadata", place);
    case Principal::kFilterState:
      return NotImplemented("filter_state", place);
    case Principal::kCustom:
      return NotImplemented("custom", place);
    case Principal::IDENTIFIER_NOT_SET:
      break;
  }
  place.Refuse(
      "one of any, and_ids, or_ids, not_id, header, url_path, authenticated, source_ip, "
      "direct_remote_ip, remote_ip is needed");
  return std::nullopt;
}

}  // namespace outrigger::rbac
