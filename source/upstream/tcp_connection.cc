#include "source/upstream/tcp_connection.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::upstream {
namespace {

uint64_t MillisSince(base::MonoTime start, base::MonoTime now) {
  return static_cast<uint64_t>(std::chrono::duration_cast<base::Milliseconds>(now - start).count());
}

}  // namespace

TcpConnection::TcpConnection(event::Loop& loop, WorkerClusterRef cluster, TcpEvents& events)
    : loop_(loop), cluster_(std::move(cluster)), events_(events) {}

TcpConnection::~TcpConnection() {
  race_.Cancel();
  Leave(/*by_peer=*/false);
}

// --- connecting --------------------------------------------------------------------------------

std::optional<StartFailure> TcpConnection::Connect(const TcpSource& source) {
  DCHECK(state_ == State::kNew);
  priority_ = source.priority;
  const CircuitBreakerLimits& limits = cluster_->spec().breakers[priority_];
  if (!counts().connections.Fits(limits.max_connections)) {
    counters().upstream_cx_overflow.Increment();
    return StartFailure{StartFailureKind::kOverflow, "upstream_overflow", {}};
  }
  if (!counts().pending.Fits(limits.max_pending_requests)) {
    counters().upstream_rq_pending_overflow.Increment();
    return StartFailure{StartFailureKind::kOverflow, "upstream_overflow", {}};
  }
  PickHints hints{.avoid = source.avoid};
  if (source.is_destination_restored) hints.destination = source.destination;
  WorkerEndpoint* endpoint = cluster_->Pick(hints);
  if (endpoint == nullptr) {
    return StartFailure{StartFailureKind::kNoEndpoint, "no_healthy_upstream", {}};
  }
  Begin(*endpoint, source);
  return std::nullopt;
}

void TcpConnection::Begin(WorkerEndpoint& endpoint, const TcpSource& source) {
  state_ = State::kConnecting;
  started_ = loop_.Now();
  used_ = &endpoint;
  endpoint_ = endpoint.endpoint;
  ++endpoint.active_requests;
  ++endpoint.tcp_connections;
  counts().connections.Add();
  counts().pending.Add();
  endpoint_->tally->cx_total().Increment();
  endpoint_->tally->cx_active().Increment();
  counters().upstream_cx_total.Increment();
  counters().upstream_cx_active.Increment();
  counters().upstream_rq_pending_total.Increment();
  counters().upstream_rq_pending_active.Increment();
  const ClusterSpec& spec = cluster_->spec();
  if (endpoint_->addresses.size() > 1) return Race(source);
  const net::Address* from = spec.bind_source ? &*spec.bind_source : nullptr;
  auto transport = cluster_->MakeTransport(*endpoint_, std::nullopt, {});
  auto socket = transport.ok() ? net::StartConnect(endpoint_->address(), from, spec.keepalive)
                               : transport.status();
  connection_.emplace(loop_, std::move(socket), spec.connect_timeout,
                      static_cast<net::ConnectionEvents&>(*this),
                      net::ConnectionLimits{.output_high_bytes = spec.buffer_limit_bytes},
                      std::move(transport).value_or(nullptr));
  SendProxyHeader(ProxyHeader(source));
}

void TcpConnection::Race(const TcpSource& source) {
  const ClusterSpec& spec = cluster_->spec();
  race_ = net::ConnectToFirst(
      loop_, endpoint_->addresses,
      {.timeout = spec.connect_timeout, .source = spec.bind_source, .keepalive = spec.keepalive},
      [this, header = ProxyHeader(source)](absl::StatusOr<net::RaceWinner> winner) mutable {
        OnRaceEnd(std::move(winner), std::move(header));
      });
}

void TcpConnection::OnRaceEnd(absl::StatusOr<net::RaceWinner> winner, base::Buffer header) {
  std::unique_ptr<net::Transport> transport;
  if (winner.ok()) {
    auto made = cluster_->MakeTransport(*endpoint_, std::nullopt, {});
    if (made.ok()) {
      transport = *std::move(made);
    } else {
      winner = made.status();
    }
  }
  if (!winner.ok()) {
    return Fail(absl::IsDeadlineExceeded(winner.status()) ? net::CloseCause::kConnectTimeout
                                                          : net::CloseCause::kConnectFailed,
                base::StdView(winner.status().message()));
  }
  const ClusterSpec& spec = cluster_->spec();
  const auto spent = std::chrono::duration_cast<base::Milliseconds>(loop_.Now() - started_);
  const bool is_plain = transport == nullptr;
  connection_.emplace(
      loop_, std::move(winner->socket), std::move(transport),
      static_cast<net::ConnectionEvents&>(*this),
      net::ConnectionLimits{
          .output_high_bytes = spec.buffer_limit_bytes,
          .handshake_timeout = std::max(spec.connect_timeout - spent, base::Milliseconds(1))},
      winner->address);
  SendProxyHeader(std::move(header));
  if (is_plain) OnConnected();
}

// In plain, whatever follows: haproxy.org, proxy-protocol.txt.
void TcpConnection::SendProxyHeader(base::Buffer header) {
  if (!header.empty()) net::SendFirst(*connection_, std::move(header));
}

base::Buffer TcpConnection::ProxyHeader(const TcpSource& source) const {
  base::Buffer header;
  const auto& version =
      source.proxy_protocol ? source.proxy_protocol : cluster_->spec().proxy_protocol;
  if (version && source.client != nullptr && source.destination != nullptr) {
    net::AppendProxyHeader(*version, *source.client, *source.destination, header);
  }
  return header;
}

void TcpConnection::OnConnected() {
  state_ = State::kConnected;
  counts().pending.Sub();
  counts().requests.Add();
  counters().upstream_rq_pending_active.Decrement();
  counters().upstream_cx_connect_ms.Record(MillisSince(started_, loop_.Now()));
  counters().upstream_rq_total.Increment();
  counters().upstream_rq_active.Increment();
  endpoint_->tally->rq_total().Increment();
  endpoint_->tally->rq_active().Increment();
  events_.OnUpstreamConnected();
}

void TcpConnection::Fail(net::CloseCause cause, std::string_view why) {
  const bool is_timeout = cause == net::CloseCause::kConnectTimeout;
  counters().upstream_cx_connect_fail.Increment();
  if (is_timeout) counters().upstream_cx_connect_timeout.Increment();
  counters().upstream_rq_pending_failure_eject.Increment();
  endpoint_->tally->cx_connect_fail().Increment();
  Leave(/*by_peer=*/true);
  events_.OnUpstreamFailed(
      {is_timeout ? StartFailureKind::kConnectTimeout : StartFailureKind::kConnectFailed,
       is_timeout ? "upstream_connection_timeout" : "upstream_connection_failure", endpoint_,
       std::string(why)});
}

// --- ending ------------------------------------------------------------------------------------

void TcpConnection::OnClosed(net::CloseCause cause) {
  if (state_ == State::kConnecting) return Fail(cause, net::TransportFailure(*connection_));
  Leave(cause != net::CloseCause::kLocal);
  events_.OnUpstreamClosed(cause);
}

// Gives back everything that was counted when we began.
void TcpConnection::Leave(bool by_peer) {
  const State before = std::exchange(state_, State::kGone);
  if (before == State::kNew || before == State::kGone) return;
  const ClusterCounters& all = counters();
  counts().connections.Sub();
  if (before == State::kConnecting) {
    counts().pending.Sub();
    all.upstream_rq_pending_active.Decrement();
  } else {
    counts().requests.Sub();
    all.upstream_rq_active.Decrement();
    endpoint_->tally->rq_active().Decrement();
  }
  all.upstream_cx_active.Decrement();
  endpoint_->tally->cx_active().Decrement();
  all.upstream_cx_destroy.Increment();
  (by_peer ? all.upstream_cx_destroy_remote : all.upstream_cx_destroy_local).Increment();
  all.upstream_cx_length_ms.Record(MillisSince(started_, loop_.Now()));
  if (connection_) {
    all.upstream_cx_rx_bytes_total.Add(connection_->bytes_read());
    all.upstream_cx_tx_bytes_total.Add(connection_->bytes_written());
  }
  --used_->active_requests;
  --used_->tcp_connections;
  WorkerEndpoint* used = std::exchange(used_, nullptr);
  if (used->is_leaving && used->tcp_connections == 0) cluster_->OnPoolEmpty(*used);
}

}  // namespace outrigger::upstream
