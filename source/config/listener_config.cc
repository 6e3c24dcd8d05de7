#include "source/config/listener_config.h"

#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/access_log_config.h"
#include "source/config/field_values.h"
#include "source/config/filter_chain_config.h"
#include "source/config/fingerprint.h"

namespace outrigger::config {
namespace {

using envoy::config::listener::v3::Listener;

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
  spec.bind_to_port = !listener.has_bind_to_port() || listener.bind_to_port().value();
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
  if (listener.has_tcp_backlog_size()) {
    *sockets.mutable_tcp_backlog_size() = listener.tcp_backlog_size();
  }
  if (listener.has_bind_to_port()) *sockets.mutable_bind_to_port() = listener.bind_to_port();
  return Fingerprint(sockets);
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
  const size_t findings_before = place.findings().size();
  CompileFilterChains(listener, context, spec, place);
  CompileListenerFilters(listener, context, spec, place);
  FactoryContext factories(context.clock, context.stats, "", context.environment.runtime,
                           context.environment.health);
  spec.access_loggers = ReadAccessLogs(listener.access_log(), "access_log", context.registry,
                                       factories, context.environment.runtime, place);
  spec.fingerprint = Fingerprint(listener);
  spec.socket_fingerprint = SocketFingerprint(listener);
  if (place.findings().size() == findings_before) {
    spec.counters = ListenerCounters::Declare(context.stats, spec.stat_name);
  }
  return spec;
}

}  // namespace outrigger::config
