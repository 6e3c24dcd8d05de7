#include "source/config/listener_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::config {
namespace {

using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"downstream_cx_total", Kind::kCounter},
    stats::Metric{"downstream_cx_active", Kind::kGauge},
    stats::Metric{"downstream_cx_destroy", Kind::kCounter},
    stats::Metric{"downstream_cx_overflow", Kind::kCounter},
    stats::Metric{"downstream_global_cx_overflow", Kind::kCounter},
    stats::Metric{"downstream_pre_cx_timeout", Kind::kCounter},
    stats::Metric{"downstream_pre_cx_active", Kind::kGauge},
    stats::Metric{"downstream_listener_filter_remote_close", Kind::kCounter},
    stats::Metric{"downstream_listener_filter_error", Kind::kCounter},
    stats::Metric{"no_filter_chain_match", Kind::kCounter},
    stats::Metric{"downstream_cx_transport_socket_connect_timeout", Kind::kCounter},
    stats::Metric{"server_ssl_socket_factory.downstream_context_secrets_not_ready", Kind::kCounter},
    stats::Metric{"downstream_cx_handshake_overflow", Kind::kCounter},
    stats::Metric{"downstream_cx_outdated", Kind::kCounter},
    stats::Metric{"handed_over", Kind::kCounter},
    stats::Metric{"accept_error", Kind::kCounter},
};

}  // namespace

ListenerCounters ListenerCounters::Declare(stats::Store& store, std::string_view stat_name) {
  stats::GroupPtr group = store.Declare(stats::ListenerScope(stat_name), kTable);
  return {
      .group = group,
      .downstream_cx_total = group->counter(stats::IndexOf(kTable, "downstream_cx_total")),
      .downstream_cx_active = group->gauge(stats::IndexOf(kTable, "downstream_cx_active")),
      .downstream_cx_destroy = group->counter(stats::IndexOf(kTable, "downstream_cx_destroy")),
      .downstream_cx_overflow = group->counter(stats::IndexOf(kTable, "downstream_cx_overflow")),
      .downstream_global_cx_overflow =
          group->counter(stats::IndexOf(kTable, "downstream_global_cx_overflow")),
      .downstream_pre_cx_timeout =
          group->counter(stats::IndexOf(kTable, "downstream_pre_cx_timeout")),
      .downstream_pre_cx_active = group->gauge(stats::IndexOf(kTable, "downstream_pre_cx_active")),
      .downstream_listener_filter_remote_close =
          group->counter(stats::IndexOf(kTable, "downstream_listener_filter_remote_close")),
      .downstream_listener_filter_error =
          group->counter(stats::IndexOf(kTable, "downstream_listener_filter_error")),
      .no_filter_chain_match = group->counter(stats::IndexOf(kTable, "no_filter_chain_match")),
      .downstream_cx_transport_socket_connect_timeout =
          group->counter(stats::IndexOf(kTable, "downstream_cx_transport_socket_connect_timeout")),
      .downstream_context_secrets_not_ready = group->counter(
          stats::IndexOf(kTable, "server_ssl_socket_factory.downstream_context_secrets_not_ready")),
      .downstream_cx_handshake_overflow =
          group->counter(stats::IndexOf(kTable, "downstream_cx_handshake_overflow")),
      .downstream_cx_outdated = group->counter(stats::IndexOf(kTable, "downstream_cx_outdated")),
      .handed_over = group->counter(stats::IndexOf(kTable, "handed_over")),
      .accept_error = group->counter(stats::IndexOf(kTable, "accept_error")),
  };
}

}  // namespace outrigger::config
