#include "source/config/filter_chain_config.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/fingerprint.h"
#include "source/config/http_connection_config.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/transport_config.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::config {
namespace {

using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::FilterChainMatch;
using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using Cidrs = google::protobuf::RepeatedPtrField<envoy::config::core::v3::CidrRange>;

// --- what a chain matches ----------------------------------------------------------------------

std::vector<net::Cidr> ReadCidrs(const Cidrs& ranges, std::string_view field, const Place& place) {
  std::vector<net::Cidr> cidrs;
  for (int i = 0; i < ranges.size(); ++i) {
    const auto cidr = net::Cidr::Make(ranges[i].address_prefix(), ranges[i].prefix_len().value());
    if (cidr.ok()) {
      cidrs.push_back(*cidr);
    } else {
      place.At(field, i).Refuse(cidr.status());
    }
  }
  return cidrs;
}

uint16_t ReadMatchPort(uint32_t port, const Place& place) {
  constexpr uint32_t kMost = 65535;
  if (port < 1 || port > kMost) {
    place.Refuse(base::StrCat("must be from 1 to 65535, got ", port));
  }
  return static_cast<uint16_t>(port);
}

void ReadServerNames(const FilterChainMatch& from, tcp::ChainMatch& match, const Place& place) {
  for (int i = 0; i < from.server_names_size(); ++i) {
    std::string name = absl::AsciiStrToLower(from.server_names(i));
    const bool is_wildcard = name.starts_with("*.") && name.size() > 2;
    if (name.empty() || name.find('*', is_wildcard ? 1 : 0) != name.npos) {
      place.At("server_names", i)
          .Refuse(base::StrCat("must be a name or \"*.\" before one, got \"", name,
                               "\"; for all names give none"));
    }
    match.server_names.push_back(std::move(name));
  }
}

tcp::ChainMatch ReadMatch(const FilterChainMatch& from, const Place& place) {
  tcp::ChainMatch match;
  if (from.has_destination_port()) {
    match.destination_port =
        ReadMatchPort(from.destination_port().value(), place.At("destination_port"));
  }
  match.destinations = ReadCidrs(from.prefix_ranges(), "prefix_ranges", place);
  ReadServerNames(from, match, place);
  match.transport_protocol = from.transport_protocol();
  for (const std::string& protocol : from.application_protocols()) {
    match.application_protocols.push_back(protocol);
  }
  match.direct_sources =
      ReadCidrs(from.direct_source_prefix_ranges(), "direct_source_prefix_ranges", place);
  if (from.source_type() == FilterChainMatch::SAME_IP_OR_LOOPBACK) {
    match.source_type = tcp::SourceType::kSameIpOrLoopback;
  } else if (from.source_type() == FilterChainMatch::EXTERNAL) {
    match.source_type = tcp::SourceType::kExternal;
  }
  match.sources = ReadCidrs(from.source_prefix_ranges(), "source_prefix_ranges", place);
  for (int i = 0; i < from.source_ports_size(); ++i) {
    match.source_ports.push_back(ReadMatchPort(from.source_ports(i), place.At("source_ports", i)));
  }
  return match;
}

// --- what a chain does -------------------------------------------------------------------------

void ReadHttp(const HttpConnectionManager& manager, const ListenerSpec& listener, size_t buffer,
              const ListenerContext& context, FilterChainSpec& chain, const Place& place) {
  HttpConnectionOwner owner;
  owner.buffer_bytes = buffer;
  if (listener.addresses.front().is_ip()) owner.port = listener.addresses.front().port();
  FactoryContext factories(context.clock, context.stats, manager.stat_prefix(),
                           context.environment.runtime, context.environment.health);
  const RouteContext routes{context.registry, factories, context.names, context.environment,
                            context.cluster_exists};
  const size_t findings_before = place.findings().size();
  HttpConnectionSpec http = CompileHttpConnection(manager, owner, routes, place);
  if (place.findings().size() != findings_before) return;
  http.options->counters = downstream::HttpCounters::Declare(context.stats, manager.stat_prefix());
  // As in Envoy, all listeners count in one `http2.*`.
  http.options->http2_counters =
      http::http2::Counters::Declare(context.stats, stats::PlainScope(""));
  chain.http = std::move(http.options);
  chain.routes = std::move(http.routes);
}

void ReadTerminal(const FilterChain& from, const ListenerSpec& listener, size_t buffer,
                  const ListenerContext& context, FilterChainSpec& chain, const Place& place) {
  if (from.filters_size() != 1) {
    return place.At("filters").Refuse(base::StrCat(
        "must hold exactly one filter, which ends the chain, got ", from.filters_size()));
  }
  const Place filter = place.At("filters", 0);
  const Place at = filter.At("typed_config");
  const auto& config = from.filters(0).typed_config();
  if (loading::ResolvedTypeName(config) == HttpConnectionManager::descriptor()->full_name()) {
    HttpConnectionManager manager;
    if (Unpack(config, manager, at)) ReadHttp(manager, listener, buffer, context, chain, at);
    return;
  }
  FactoryContext factories(context.clock, context.stats, "", context.environment.runtime,
                           context.environment.health);
  NetworkContext network{factories, context.names, context.registry};
  auto made = context.registry.connections().MakeNetworkFilter(config, network);
  if (!made.ok()) return at.Refuse(made.status());
  chain.session = std::move(made->session);
  chain.session_clusters = std::move(made->clusters);
  chain.session_limits.buffer_bytes = buffer;
}

void ReadTransport(const FilterChain& from, const ListenerSpec& listener,
                   const ListenerContext& context, FilterChainSpec& chain, const Place& place) {
  if (from.has_transport_socket()) {
    const TlsScope scope{context.environment, context.stats,
                         stats::ListenerScope(listener.stat_name)};
    ServerTls tls =
        CompileServerTransport(from.transport_socket(), scope, place.At("transport_socket"));
    chain.transports = std::move(tls.transports);
    chain.tls_plan = std::move(tls.plan);
  }
  if (from.has_transport_socket_connect_timeout()) {
    chain.handshake_timeout = ReadDuration(from.transport_socket_connect_timeout(),
                                           place.At("transport_socket_connect_timeout"));
  }
}

FilterChainSpec ReadChain(const FilterChain& from, const Listener& listener,
                          const ListenerContext& context, const ListenerSpec& spec,
                          const Place& place) {
  FilterChainSpec chain;
  chain.name = from.name();
  chain.fingerprint = Fingerprint(from);
  chain.key = from.name().empty() ? base::StrCat("match ", Fingerprint(from.filter_chain_match()))
                                  : base::StrCat("name ", from.name());
  ReadTransport(from, spec, context, chain, place);
  const size_t buffer = listener.has_per_connection_buffer_limit_bytes()
                            ? listener.per_connection_buffer_limit_bytes().value()
                            : tcp::SessionLimits().buffer_bytes;
  ReadTerminal(from, spec, buffer, context, chain, place);
  return chain;
}

std::string CalledBy(int index, const FilterChain& chain) {
  return chain.name().empty() ? base::StrCat("filter_chains[", index, "]")
                              : base::StrCat("filter_chains[", index, "] \"", chain.name(), "\"");
}

// --- listener filters --------------------------------------------------------------------------

using envoy::config::listener::v3::ListenerFilterChainMatchPredicate;
using PortPredicate = absl::AnyInvocable<bool(uint16_t port) const>;

PortPredicate ReadPredicate(const ListenerFilterChainMatchPredicate& from, int depth,
                            const Place& place);

std::vector<PortPredicate> ReadRules(const ListenerFilterChainMatchPredicate::MatchSet& set,
                                     int depth, const Place& place) {
  if (set.rules_size() < 2) {
    place.At("rules").Refuse(base::StrCat("must hold at least 2, got ", set.rules_size()));
  }
  std::vector<PortPredicate> rules;
  for (int i = 0; i < set.rules_size(); ++i) {
    rules.push_back(ReadPredicate(set.rules(i), depth + 1, place.At("rules", i)));
  }
  return rules;
}

PortPredicate ReadPortRange(const envoy::type::v3::Int32Range& range, const Place& place) {
  if (range.start() < 0 || range.end() <= range.start()) {
    place.Refuse(
        base::StrCat("must have start below end, got ", range.start(), " and ", range.end()));
  }
  return [start = range.start(), end = range.end()](uint16_t port) {
    return port >= start && port < end;
  };
}

PortPredicate ReadPredicate(const ListenerFilterChainMatchPredicate& from, int depth,
                            const Place& place) {
  constexpr int kMostLevels = 32;
  if (depth > kMostLevels) {
    place.Refuse("must not be more than 32 levels deep");
    return {};
  }
  switch (from.rule_case()) {
    case ListenerFilterChainMatchPredicate::kOrMatch:
      return [rules = ReadRules(from.or_match(), depth, place.At("or_match"))](uint16_t port) {
        return std::any_of(rules.begin(), rules.end(),
                           [port](const PortPredicate& rule) { return rule(port); });
      };
    case ListenerFilterChainMatchPredicate::kAndMatch:
      return [rules = ReadRules(from.and_match(), depth, place.At("and_match"))](uint16_t port) {
        return std::all_of(rules.begin(), rules.end(),
                           [port](const PortPredicate& rule) { return rule(port); });
      };
    case ListenerFilterChainMatchPredicate::kNotMatch:
      return [rule = ReadPredicate(from.not_match(), depth + 1, place.At("not_match"))](
                 uint16_t port) { return !rule(port); };
    case ListenerFilterChainMatchPredicate::kAnyMatch:
      if (!from.any_match()) place.At("any_match").Refuse("must be true, got false");
      return [](uint16_t) { return true; };
    case ListenerFilterChainMatchPredicate::kDestinationPortRange:
      return ReadPortRange(from.destination_port_range(), place.At("destination_port_range"));
    case ListenerFilterChainMatchPredicate::RULE_NOT_SET:
      break;
  }
  place.Refuse(
      "must hold one of or_match, and_match, not_match, any_match, destination_port_range");
  return {};
}

constexpr std::string_view kOriginalDst =
    "type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst";

void AddFilter(const google::protobuf::Any& config, PortPredicate is_disabled,
               const ListenerContext& context, std::vector<tcp::ListenerFilterEntry>& entries,
               const Place& place) {
  FactoryContext factories(context.clock, context.stats, "", context.environment.runtime,
                           context.environment.health);
  auto made = context.registry.connections().MakeListenerFilter(config, factories);
  if (!made.ok()) return place.Refuse(made.status());
  entries.push_back({.make = *std::move(made), .is_disabled = std::move(is_disabled)});
}

}  // namespace

void CompileFilterChains(const Listener& listener, const ListenerContext& context,
                         ListenerSpec& spec, const Place& place) {
  if (listener.filter_chains().empty() && !listener.has_default_filter_chain()) {
    return place.At("filter_chains").Refuse("must hold one");
  }
  const size_t findings_before = place.findings().size();
  std::vector<tcp::ChainMatch> matches;
  std::vector<std::string> names;
  for (int i = 0; i < listener.filter_chains_size(); ++i) {
    const FilterChain& from = listener.filter_chains(i);
    const Place at = place.At("filter_chains", i);
    matches.push_back(ReadMatch(from.filter_chain_match(), at.At("filter_chain_match")));
    names.push_back(CalledBy(i, from));
    auto chain = std::make_shared<FilterChainSpec>(ReadChain(from, listener, context, spec, at));
    const bool is_taken = std::any_of(spec.chains.begin(), spec.chains.end(), [&](const auto& c) {
      return !from.name().empty() && c->name == from.name();
    });
    if (is_taken) {
      at.At("name").Refuse(base::StrCat("\"", from.name(), "\" is the name of an earlier chain"));
    }
    spec.chains.push_back(std::move(chain));
  }
  if (listener.has_default_filter_chain()) {
    const FilterChain& from = listener.default_filter_chain();
    const Place at = place.At("default_filter_chain");
    auto chain = ReadChain(from, listener, context, spec, at);
    chain.key = "default";
    spec.default_chain = std::make_shared<const FilterChainSpec>(std::move(chain));
  }
  if (place.findings().size() != findings_before) return;
  auto table = tcp::ChainTable::Make(matches, names);
  if (!table.ok()) return place.At("filter_chains").Refuse(table.status());
  spec.table = *std::move(table);
  if (spec.chains.empty()) {
    spec.only_chain = spec.default_chain;
  } else if (spec.chains.size() == 1 && matches.front().is_empty()) {
    spec.only_chain = spec.chains.front();
  }
}

void CompileListenerFilters(const Listener& listener, const ListenerContext& context,
                            ListenerSpec& spec, const Place& place) {
  spec.hands_over = listener.use_original_dst().value();
  spec.continues_after_timeout = listener.continue_on_listener_filters_timeout();
  if (listener.has_listener_filters_timeout()) {
    spec.filters_timeout =
        ReadDuration(listener.listener_filters_timeout(), place.At("listener_filters_timeout"));
  }
  std::vector<tcp::ListenerFilterEntry> entries;
  bool restores = false;
  for (int i = 0; i < listener.listener_filters_size(); ++i) {
    const auto& from = listener.listener_filters(i);
    const Place at = place.At("listener_filters", i);
    PortPredicate is_disabled;
    if (from.has_filter_disabled()) {
      is_disabled = ReadPredicate(from.filter_disabled(), 1, at.At("filter_disabled"));
    }
    const std::string type = loading::ResolvedTypeName(from.typed_config());
    restores = restores || kOriginalDst.substr(kOriginalDst.find('/') + 1) == type;
    AddFilter(from.typed_config(), std::move(is_disabled), context, entries, at.At("typed_config"));
  }
  if (spec.hands_over && !restores) {
    google::protobuf::Any original_dst;
    original_dst.set_type_url(std::string(kOriginalDst));
    AddFilter(original_dst, {}, context, entries, place.At("use_original_dst"));
  }
  if (!entries.empty()) {
    spec.filters =
        std::make_shared<const std::vector<tcp::ListenerFilterEntry>>(std::move(entries));
  }
}

}  // namespace outrigger::config
