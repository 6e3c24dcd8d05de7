#include "source/extensions/http_filters/rbac/conditions.h"

#include <utility>

#include "source/base/text.h"
#include "source/config/matcher_config.h"

namespace outrigger::rbac {
namespace {

using envoy::config::rbac::v3::Permission;
using envoy::config::rbac::v3::Principal;

constexpr int kMostLevels = 32;

absl::Status TooDeep() { return base::InvalidArgument("more than ", kMostLevels, " levels deep"); }

absl::Status NotImplemented(std::string_view field) {
  return base::InvalidArgument(field, ": not implemented");
}

// All or any of a list of the same kind of thing.
template <typename List, typename CompileOne>
absl::StatusOr<std::vector<Condition>> CompileList(std::string_view field, const List& list,
                                                   CompileOne compile) {
  std::vector<Condition> conditions;
  for (int i = 0; i < list.size(); ++i) {
    auto condition = compile(list[i]);
    if (!condition.ok()) return Within(base::StrCat(field, "[", i, "]"), condition.status());
    conditions.push_back(*std::move(condition));
  }
  if (conditions.empty()) return base::InvalidArgument(field, ": at least one is needed");
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

Condition Not(Condition condition) {
  return [condition = std::move(condition)](http::StreamView& s) { return !condition(s); };
}

absl::StatusOr<Condition> Header(std::string_view field,
                                 const envoy::config::route::v3::HeaderMatcher& proto) {
  auto matcher = config::CompileHeaderMatcher(proto);
  if (!matcher.ok()) return Within(field, matcher.status());
  return Condition([matcher = *std::move(matcher)](http::StreamView& stream) {
    return matcher.Matches(stream.request());
  });
}

absl::StatusOr<Condition> UrlPath(const envoy::type::matcher::v3::PathMatcher& proto) {
  auto matcher = config::CompileStringMatcher(proto.path());
  if (!matcher.ok()) return Within("url_path.path", matcher.status());
  return Condition([matcher = *std::move(matcher)](http::StreamView& stream) {
    return matcher.Matches(stream.request().path());
  });
}

using AddressOf = const net::Address* (*)(const http::StreamSummary&);

absl::StatusOr<Condition> InRange(std::string_view field,
                                  const envoy::config::core::v3::CidrRange& proto, AddressOf of) {
  const uint32_t bits = proto.has_prefix_len() ? proto.prefix_len().value() : 0;
  auto range = net::Cidr::Make(proto.address_prefix(), bits);
  if (!range.ok()) return Within(field, range.status());
  return Condition([range = *range, of](http::StreamView& stream) {
    const net::Address* address = of(stream.summary());
    return address != nullptr && address->is_ip() && range.Contains(*address);
  });
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

absl::StatusOr<Condition> PortIs(uint32_t port) {
  if (port > 65535) return base::InvalidArgument("destination_port: must be 0-65535, got ", port);
  return Condition([port](http::StreamView& stream) { return LocalPort(stream) == port; });
}

absl::StatusOr<Condition> PortIn(int first, int end) {
  if (first < 0 || end > 65536 || first >= end) {
    return base::InvalidArgument("destination_port_range: must be start < end within 0-65536, got ",
                                 first, " to ", end);
  }
  return Condition([first, end](http::StreamView& stream) {
    const int port = LocalPort(stream);
    return port >= first && port < end;
  });
}

absl::StatusOr<Condition> CompileNot(std::string_view field, absl::StatusOr<Condition> inner) {
  if (!inner.ok()) return Within(field, inner.status());
  return Not(*std::move(inner));
}

}  // namespace

absl::Status Within(std::string_view where, const absl::Status& status) {
  const std::string_view message = base::StdView(status.message());
  // The inner text begins with a path of its own, or with what is wrong with `where` itself.
  const bool has_path = message.find_first_of(" :") != std::string_view::npos &&
                        message[message.find_first_of(" :")] == ':';
  return base::InvalidArgument(where, has_path ? "." : ": ", message);
}

absl::StatusOr<Condition> CompilePermission(const Permission& permission, int depth) {
  if (depth >= kMostLevels) return TooDeep();
  const auto deeper = [&](const Permission& p) { return CompilePermission(p, depth + 1); };
  switch (permission.rule_case()) {
    case Permission::kAndRules: {
      auto rules = CompileList("and_rules.rules", permission.and_rules().rules(), deeper);
      if (!rules.ok()) return rules.status();
      return All(*std::move(rules));
    }
    case Permission::kOrRules: {
      auto rules = CompileList("or_rules.rules", permission.or_rules().rules(), deeper);
      if (!rules.ok()) return rules.status();
      return Any(*std::move(rules));
    }
    case Permission::kNotRule:
      return CompileNot("not_rule", deeper(permission.not_rule()));
    case Permission::kAny:
      return Condition([any = permission.any()](http::StreamView&) { return any; });
    case Permission::kHeader:
      return Header("header", permission.header());
    case Permission::kUrlPath:
      return UrlPath(permission.url_path());
    case Permission::kDestinationIp:
      return InRange("destination_ip", permission.destination_ip(), Local);
    case Permission::kDestinationPort:
      return PortIs(permission.destination_port());
    case Permission::kDestinationPortRange:
      return PortIn(permission.destination_port_range().start(),
                    permission.destination_port_range().end());
    case Permission::kMetadata:
      return NotImplemented("metadata");
    case Permission::kSourcedMetadata:
      return NotImplemented("sourced_metadata");
    case Permission::kRequestedServerName:
      return NotImplemented("requested_server_name");
    case Permission::kMatcher:
      return NotImplemented("matcher");
    case Permission::kUriTemplate:
      return NotImplemented("uri_template");
    case Permission::RULE_NOT_SET:
      break;
  }
  return base::InvalidArgument("one of any, and_rules, or_rules, not_rule, header, url_path, "
                               "destination_ip, destination_port, destination_port_range is needed");
}

absl::StatusOr<Condition> CompilePrincipal(const Principal& principal, int depth) {
  if (depth >= kMostLevels) return TooDeep();
  const auto deeper = [&](const Principal& p) { return CompilePrincipal(p, depth + 1); };
  switch (principal.identifier_case()) {
    case Principal::kAndIds: {
      auto ids = CompileList("and_ids.ids", principal.and_ids().ids(), deeper);
      if (!ids.ok()) return ids.status();
      return All(*std::move(ids));
    }
    case Principal::kOrIds: {
      auto ids = CompileList("or_ids.ids", principal.or_ids().ids(), deeper);
      if (!ids.ok()) return ids.status();
      return Any(*std::move(ids));
    }
    case Principal::kNotId:
      return CompileNot("not_id", deeper(principal.not_id()));
    case Principal::kAny:
      return Condition([any = principal.any()](http::StreamView&) { return any; });
    case Principal::kHeader:
      return Header("header", principal.header());
    case Principal::kUrlPath:
      return UrlPath(principal.url_path());
    // The deprecated source_ip means the socket's peer, or what the PROXY protocol says of it.
    case Principal::kSourceIp:
      return InRange("source_ip", principal.source_ip(), DirectRemote);
    case Principal::kDirectRemoteIp:
      return InRange("direct_remote_ip", principal.direct_remote_ip(), DirectRemote);
    case Principal::kRemoteIp:
      return InRange("remote_ip", principal.remote_ip(), Remote);
    case Principal::kAuthenticated:
      return NotImplemented("authenticated");
    case Principal::kMetadata:
      return NotImplemented("metadata");
    case Principal::kSourcedMetadata:
      return NotImplemented("sourced_metadata");
    case Principal::kFilterState:
      return NotImplemented("filter_state");
    case Principal::kCustom:
      return NotImplemented("custom");
    case Principal::IDENTIFIER_NOT_SET:
      break;
  }
  return base::InvalidArgument("one of any, and_ids, or_ids, not_id, header, url_path, source_ip, "
                               "direct_remote_ip, remote_ip is needed");
}

}  // namespace outrigger::rbac
