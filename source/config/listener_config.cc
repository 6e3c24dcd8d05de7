#include "source/config/listener_config.h"

#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/fingerprint.h"
#include "source/config/http_connection_config.h"
#include "source/config/loading/unpack_any.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::config {
namespace {

using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

void ReadAddresses(const Listener& listener, ListenerSpec& spec, const Place& place) {
  spec.addresses.push_back(ReadAddress(listener.address(), place.At("address")));
  if (listener.address().has_pipe()) spec.unix_mode = listener.address().pipe().mode();
  constexpr uint32_t kMaxMode = 0777;
  if (spec.unix_mode > kMaxMode) {
    place.At("address.pipe.mode")
        .Refuse(base::StrCat("must be at most 511 (0777), got ", spec.unix_mode));
  }
  for (int i = 0; i < listener.additional_addresses_size(); ++i) {
    const Place at = place.At("additional_addresses", i);
    spec.addresses.push_back(
        ReadAddress(listener.additional_addresses(i).address(), at.At("address")));
  }
}

void ReadSockets(const Listener& listener, ListenerSpec& spec, const Place& place) {
  if (listener.has_bind_to_port() && !listener.bind_to_port().value()) {
    place.At("bind_to_port").Refuse("false is not implemented: no listener hands connections over");
  }
  spec.reuse_port = !listener.has_enable_reuse_port() || listener.enable_reuse_port().value();
  if (listener.has_tcp_backlog_size()) {
    const uint32_t backlog = listener.tcp_backlog_size().value();
    constexpr uint32_t kMost = 2147483647;
    if (backlog < 1 || backlog > kMost) {
      place.At("tcp_backlog_size")
          .Refuse(base::StrCat("must be from 1 to 2147483647, got ", backlog));
    }
    spec.backlog = static_cast<int>(backlog);
  }
  if (listener.has_max_connections_to_accept_per_socket_event()) {
    spec.max_accepts_per_event = listener.max_connections_to_accept_per_socket_event().value();
    if (spec.max_accepts_per_event == 0) {
      place.At("max_connections_to_accept_per_socket_event").Refuse("must be at least 1, got 0");
    }
  }
  spec.ignores_global_limit =
      listener.ignore_global_conn_limit() || listener.bypass_overload_manager();
  if (listener.traffic_direction() == envoy::config::core::v3::INBOUND) {
    spec.direction = ListenerSpec::Direction::kInbound;
  } else if (listener.traffic_direction() == envoy::config::core::v3::OUTBOUND) {
    spec.direction = ListenerSpec::Direction::kOutbound;
  }
  spec.drains_on_health_check_fail = listener.drain_type() == Listener::DEFAULT;
}

// Only what needs new sockets when it changes.
uint64_t SocketFingerprint(const Listener& listener) {
  Listener sockets;
  *sockets.mutable_address() = listener.address();
  *sockets.mutable_additional_addresses() = listener.additional_addresses();
  if (listener.has_enable_reuse_port()) {
    *sockets.mutable_enable_reuse_port() = listener.enable_reuse_port();
  }
  if (listener.has_tcp_backlog_size())
    *sockets.mutable_tcp_backlog_size() = listener.tcp_backlog_size();
  return Fingerprint(sockets);
}

void ReadHttp(const FilterChain& chain, const Listener& listener, const ListenerContext& context,
              ListenerSpec& spec, const Place& place) {
  const Place filter = place.At("filters", 0);
  const Place at = filter.At("typed_config");
  const std::string& known = HttpConnectionManager::descriptor()->full_name();
  if (chain.filters_size() != 1) {
    return place.At("filters").Refuse(
        base::StrCat("must hold exactly one filter, ", known, ", got ", chain.filters_size()));
  }
  const std::string type = loading::ResolvedTypeName(chain.filters(0).typed_config());
  if (type != known) {
    return at.Refuse(
        base::StrCat("network filter \"", type, "\" is not implemented; known: ", known));
  }
  HttpConnectionManager manager;
  if (!Unpack(chain.filters(0).typed_config(), manager, at)) return;

  HttpConnectionOwner owner;
  if (listener.has_per_connection_buffer_limit_bytes()) {
    owner.buffer_bytes = listener.per_connection_buffer_limit_bytes().value();
  }
  if (spec.addresses.front().is_ip()) owner.port = spec.addresses.front().port();
  FactoryContext factories(context.clock, context.stats, manager.stat_prefix(),
                           context.environment.runtime, context.environment.health);
  const RouteContext routes{context.registry, factories, context.names, context.environment,
                            context.cluster_exists};
  const size_t findings_before = place.findings().size();
  HttpConnectionSpec http = CompileHttpConnection(manager, owner, routes, at);
  if (place.findings().size() != findings_before) return;
  http.options->counters = downstream::HttpCounters::Declare(context.stats, manager.stat_prefix());
  // As in Envoy, all listeners count in one `http2.*`.
  http.options->http2_counters =
      http::http2::Counters::Declare(context.stats, stats::PlainScope(""));
  spec.http = std::move(http.options);
  spec.routes = std::move(http.routes);
}

void ReadFilterChain(const FilterChain& chain, const Listener& listener,
                     const ListenerContext& context, ListenerSpec& spec, const Place& place) {
  if (chain.has_transport_socket()) {
    RequireRawBuffer(chain.transport_socket(), place.At("transport_socket"));
  }
  ReadHttp(chain, listener, context, spec, place);
}

void ReadFilterChains(const Listener& listener, const ListenerContext& context, ListenerSpec& spec,
                      const Place& place) {
  const int count = listener.filter_chains_size() + (listener.has_default_filter_chain() ? 1 : 0);
  if (count == 0) return place.At("filter_chains").Refuse("must hold one");
  if (count > 1) {
    return place.At("filter_chains")
        .Refuse(base::StrCat("several filter chains are not implemented, got ", count));
  }
  if (listener.has_default_filter_chain()) {
    ReadFilterChain(listener.default_filter_chain(), listener, context, spec,
                    place.At("default_filter_chain"));
  } else {
    ReadFilterChain(listener.filter_chains(0), listener, context, spec,
                    place.At("filter_chains", 0));
  }
}

}  // namespace

ListenerSpec CompileListener(const Listener& listener, const ListenerContext& context,
                             const Place& place) {
  ListenerSpec spec;
  ReadAddresses(listener, spec, place);
  const std::string address = spec.addresses.front().ToString();
  spec.name = listener.name().empty() ? address : listener.name();
  spec.stat_name = listener.stat_prefix().empty() ? address : listener.stat_prefix();
  ReadSockets(listener, spec, place);
  if (listener.has_per_connection_buffer_limit_bytes() &&
      listener.per_connection_buffer_limit_bytes().value() == 0) {
    place.At("per_connection_buffer_limit_bytes").Refuse("must be at least 1, got 0");
  }
  ReadFilterChains(listener, context, spec, place);
  spec.fingerprint = Fingerprint(listener);
  spec.socket_fingerprint = SocketFingerprint(listener);
  if (spec.http != nullptr) {
    spec.counters = ListenerCounters::Declare(context.stats, spec.stat_name);
  }
  return spec;
}

}  // namespace outrigger::config
