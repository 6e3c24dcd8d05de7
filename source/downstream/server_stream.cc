#include "source/downstream/server_stream.h"

#include "source/base/text.h"
#include "source/downstream/client_certificate.h"
#include "source/downstream/forwarding_headers.h"
#include "source/downstream/request_checks.h"
#include "source/downstream/server_connection.h"
#include "source/http/describe_client.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/status.h"
#include "source/http/local_reply.h"
#include "source/http/websocket.h"
#include "source/route/virtual_host.h"

namespace outrigger::downstream {
namespace {

// Envoy's answer to a deadline: the client was too slow, or whoever should answer it.
int TimeoutStatus(bool awaits_client) { return awaits_client ? 408 : 504; }

}  // namespace

ServerStream::ServerStream(ServerConnection& connection, http::ResponseWriter& writer)
    : connection_(connection),
      writer_(&writer),
      arena_(first_chunk_, sizeof first_chunk_),
      options_(connection.slot_.options),
      table_(connection.slot_.routes),
      request_(arena_),
      request_trailers_(arena_),
      response_(arena_),
      response_trailers_(arena_),
      chain_(*this, connection.worker_.loop, options_->chain_limits) {
  const HttpCounters& counters = options_->counters;
  counters.downstream_rq_total.Increment();
  (connection.is_http2() ? counters.downstream_rq_http2_total : counters.downstream_rq_http1_total)
      .Increment();
  counters.downstream_rq_active.Increment();
  summary_.start = last_activity_ = loop().Now();
  summary_.request = &request_;
  http::DescribeClient(connection_.connection_, connection_.arrival_.get(), summary_);
  summary_.connection_id = connection_.id_;
}

ServerStream::~ServerStream() { DCHECK(phase_ == Phase::kEnded); }

event::Loop& ServerStream::loop() { return connection_.worker_.loop; }

// --- request -----------------------------------------------------------------------------------

void ServerStream::OnRequestHead(bool last) {
  NoteActivity();
  came_as_grpc_ = http::grpc::IsGrpcRequest(request_);
  if (last) RequestEnded();
  const TimeoutOptions& timeouts = options_->timeouts;
  idle_timeout_ = timeouts.stream_idle;
  if (!PrepareRequest(last)) return;
  StartChain(last);
  if (phase_ != Phase::kEnded) connection_.Watch(CheckDeadlines(loop().Now()));
}

// Checks and headers; false when the request was answered here.
bool ServerStream::PrepareRequest(bool last) {
  const HttpOptions& options = *options_;
  summary_.request_header_bytes = request_.headers.byte_size();
  if (auto rejection = CheckRequest(request_, options)) {
    Refuse(std::move(*rejection));
    return false;
  }
  // The scheme is that of the connection: what a client says of its own is not to be believed.
  const bool is_secure = summary_.downstream_transport != nullptr;
  if (is_secure) request_.scheme = "https";
  const Forwarded forwarded = ApplyForwardingHeaders(
      request_, options.forwarding, *summary_.downstream_remote, *summary_.downstream_local,
      is_secure ? "https" : "http", connection_.worker_.random);
  ForwardClientCertificate(request_.headers, options.client_certificate,
                           summary_.downstream_transport);
  remote_ = forwarded.remote;
  summary_.downstream_remote = &remote_;
  if (request_.expects_continue && !last && !options.proxy_100_continue) {
    request_.headers.Remove(http::HeaderId::kExpect);
    request_.expects_continue = false;
    http::ResponseHead go_on(arena_);
    go_on.status = 100;
    writer_->WriteInformational(go_on);
  }
  FindRoute();
  if (auto redirect = CheckTls()) {
    Refuse(std::move(*redirect));
    return false;
  }
  if (auto rejection = CheckUpgrade()) {
    Refuse(std::move(*rejection));
    return false;
  }
  return true;
}

void ServerStream::FindRoute() {
  is_route_known_ = true;
  route_ = nullptr;
  target_ = nullptr;
  if (table_) {
    route_ = table_->Find(
        {.head = request_, .random = random(), .transport = summary_.downstream_transport});
  }
  if (route_ == nullptr) {
    options_->counters.no_route.Increment();
    return;
  }
  const route::RouteSpec& spec = route_->spec();
  summary_.route_name = spec.name;
  summary_.virtual_host_name = route_->virtual_host().spec().name;
  if (const auto* forward = std::get_if<route::ForwardAction>(&spec.action)) {
    target_ = route::ChooseTarget(*forward, request_, random());
    if (forward->idle_timeout) {
      idle_timeout_ = forward->idle_timeout->count() == 0 ? std::nullopt : forward->idle_timeout;
    }
  }
}

const route::Route* ServerStream::route() {
  if (!is_route_known_) FindRoute();
  return route_;
}

const route::WeightedTarget* ServerStream::weighted_target() {
  if (!is_route_known_) FindRoute();
  return target_;
}

const http::RouteFilterConfig* ServerStream::route_config(std::string_view filter_name) {
  const route::Route* found = route();
  return found == nullptr ? nullptr : found->filter_config(filter_name, target_);
}

void ServerStream::ClearRoute() { is_route_known_ = false; }

upstream::WorkerClusters& ServerStream::clusters() { return connection_.worker_.clusters; }

uint64_t ServerStream::random() {
  while (random_ == 0) random_ = connection_.worker_.random();
  return random_;
}

std::optional<http::LocalReply> ServerStream::CheckTls() {
  if (route_ == nullptr) return std::nullopt;
  using RequireTls = route::VirtualHostSpec::RequireTls;
  const RequireTls needs = route_->virtual_host().spec().require_tls;
  if (needs == RequireTls::kNone) return std::nullopt;
  if (request_.headers.Get(http::HeaderId::kXForwardedProto) == "https") return std::nullopt;
  if (needs == RequireTls::kExternalOnly && request_.headers.Has(http::HeaderId::kXEnvoyInternal)) {
    return std::nullopt;
  }
  http::LocalReply redirect{.status = 301, .detail = "direct_response"};
  redirect.headers.emplace_back("location",
                                base::StrCat("https://", request_.authority(), request_.target));
  return redirect;
}

// As Envoy does: where routes are and none matches, 404 says more than 403.
std::optional<http::LocalReply> ServerStream::CheckUpgrade() {
  if (!request_.asks_for_tunnel()) return std::nullopt;
  if (route_ == nullptr && table_) return std::nullopt;
  const std::string_view name = request_.upgrade.empty() ? http::kConnectUpgrade : request_.upgrade;
  const route::ForwardAction* const forward = route_ == nullptr ? nullptr : route_->forward();
  std::optional<bool> is_allowed;
  if (forward != nullptr) is_allowed = forward->upgrades.Find(name);
  if (!is_allowed) is_allowed = options_->upgrades.Find(name);
  const HttpCounters& counters = options_->counters;
  if (!is_allowed.value_or(false)) {
    counters.downstream_rq_ws_on_non_ws_route.Increment();
    return http::LocalReply{.status = 403, .detail = "upgrade_failed"};
  }
  may_switch_ = true;
  counters.downstream_cx_upgrades_total.Increment();
  counters.downstream_cx_upgrades_active.Increment();
  return std::nullopt;
}

void ServerStream::StartChain(bool last) {
  const HttpOptions& options = *options_;
  has_chain_ = true;
  chain_.Build(options.filters, options.terminal, [this](const http::ChainEntry& entry) {
    return route_ != nullptr
               ? route_->is_filter_disabled(entry.name, entry.starts_disabled, target_)
               : entry.starts_disabled;
  });
  chain_.OnRequestHead(last);
}

void ServerStream::OnRequestBody(base::Buffer& piece, bool last) {
  NoteActivity();
  summary_.request_body_bytes += piece.size();
  if (last) RequestEnded();
  if (phase_ == Phase::kEnded || !has_chain_) return piece.Clear();
  chain_.OnRequestBody(piece, last);
  if (last && is_tunnel_output_over_) End();
}

void ServerStream::OnRequestTrailers() {
  NoteActivity();
  RequestEnded();
  if (phase_ == Phase::kEnded || !has_chain_) return;
  chain_.OnRequestTrailers(request_trailers_);
  if (is_tunnel_output_over_) End();
}

void ServerStream::OnRequestError(const http::StreamError& error) {
  if (phase_ == Phase::kEnded) return;
  if (error.kind == http::ErrorKind::kConnectionClosed) {
    options_->counters.downstream_rq_rx_reset.Increment();
    connection_.NoteLostStream();
    return CutOff(http::ResponseFlag::kDownstreamConnectionTermination, error.detail);
  }
  if (error.kind == http::ErrorKind::kReset) {
    options_->counters.downstream_rq_rx_reset.Increment();
    return CutOff(http::ResponseFlag::kDownstreamRemoteReset, error.detail);
  }
  const HttpCounters& counters = options_->counters;
  counters.downstream_cx_protocol_error.Increment();
  if (error.kind == http::ErrorKind::kLimit) counters.downstream_rq_too_large.Increment();
  summary_.Set(http::ResponseFlag::kDownstreamProtocolError);
  if (phase_ != Phase::kWaiting) return ResetToClient(error);
  Refuse({.status = error.status,
          .detail = error.detail,
          .body = std::string(http::ReasonPhrase(error.status))});
}

void ServerStream::NoteActivity() { last_activity_ = loop().Now(); }

void ServerStream::RequestEnded() {
  is_request_complete_ = true;
  summary_.request_end = loop().Now();
}

void ServerStream::PauseRequest() {
  options_->counters.downstream_flow_control_paused_reading_total.Increment();
  if (writer_ != nullptr) writer_->PauseReading();
}

void ServerStream::ResumeRequest() {
  options_->counters.downstream_flow_control_resumed_reading_total.Increment();
  if (writer_ != nullptr) writer_->ResumeReading();
}

// --- response ----------------------------------------------------------------------------------

// Answers without the filters: they have not seen the request, or it is too late for them.
void ServerStream::Refuse(http::LocalReply reply) {
  if (has_chain_) return chain_.Reply(std::move(reply));
  base::Buffer body = MakeReply(reply, http::ReplyReader::kClient);
  const bool last = body.empty();
  SendHead(last);
  if (!last && phase_ != Phase::kEnded) SendBody(body, true);
}

base::Buffer ServerStream::MakeReply(http::LocalReply& reply, http::ReplyReader reader) {
  summary_.detail = reply.detail;
  if (reply.flag) summary_.Set(*reply.flag);
  std::string content_type = "text/plain";
  const LocalReplyRewrite& rewrite = options_->local_reply;
  if (rewrite) content_type = rewrite(reply, summary_);
  const bool reads_grpc =
      reader == http::ReplyReader::kClient ? came_as_grpc_ : http::grpc::IsGrpcRequest(request_);
  return http::FillLocalReply(reply, content_type,
                              reads_grpc ? http::ReplyForm::kGrpc : http::ReplyForm::kHttp,
                              request_, response_);
}

void ServerStream::SendInformational() {
  NoteActivity();
  if (writer_ != nullptr) writer_->WriteInformational(response_);
}

void ServerStream::SendHead(bool last) {
  DCHECK(phase_ == Phase::kWaiting);
  phase_ = Phase::kResponseHead;
  NoteActivity();
  connection_.BeforeResponseHead();
  if (response_.switches_protocol) BeginTunnel();
  ApplyResponseHeaders(response_, request_, options_->forwarding, connection_.worker_.date.Text());
  options_->counters.CountStatus(response_.status);
  summary_.response = &response_;
  summary_.response_header_bytes = response_.headers.byte_size();
  summary_.downstream_first_sent = loop().Now();
  if (!is_request_complete_) {
    options_->counters.downstream_rq_response_before_rq_complete.Increment();
  }
  is_tunnel_output_over_ = last && is_tunnel_ && !is_request_complete_;
  writer_->WriteHead(response_, last);
  if (last && !is_tunnel_output_over_) End();
}

// From HTTP/2 comes no answer to the key of a client on HTTP/1: it is made up here.
void ServerStream::BeginTunnel() {
  is_tunnel_ = response_.switches_protocol = may_switch_;
  if (!is_tunnel_ || !http::IsWebSocket(request_.upgrade) || connection_.is_http2()) return;
  const auto key = request_.headers.Get(http::kWebSocketKey);
  if (key && !response_.headers.Get(http::kWebSocketAccept)) {
    response_.headers.AddCopy(http::kWebSocketAccept, http::WebSocketAccept(*key));
  }
}

void ServerStream::SendBody(base::Buffer& piece, bool last) {
  phase_ = Phase::kResponseBody;
  NoteActivity();
  summary_.response_body_bytes += piece.size();
  const bool goes_on = is_tunnel_ && !is_request_complete_;
  is_tunnel_output_over_ = last && goes_on;
  writer_->WriteBody(piece, last);
  if (last && !goes_on) End();
}

void ServerStream::SendTrailers() {
  NoteActivity();
  summary_.response_trailers = &response_trailers_;
  writer_->WriteTrailers(response_trailers_);
  End();
}

void ServerStream::Abort(const http::StreamError& error) { ResetToClient(error); }

void ServerStream::ResetToClient(const http::StreamError& error) {
  if (phase_ == Phase::kEnded) return;
  if (!error.detail.empty()) summary_.detail = error.detail;
  options_->counters.downstream_rq_tx_reset.Increment();
  http::ResponseWriter* writer = std::exchange(writer_, nullptr);
  End();  // first: a connection that closes with it was not closed by the client
  if (writer != nullptr) writer->Reset(error);
}

// --- deadlines ---------------------------------------------------------------------------------

base::MonoTime ServerStream::CheckDeadlines(base::MonoTime now) {
  const HttpOptions& options = *options_;
  base::MonoTime next = base::MonoTime::max();
  const auto has_passed = [&](base::MonoTime from, std::optional<base::Milliseconds> limit) {
    if (!limit) return false;
    if (from + *limit <= now) return true;
    next = std::min(next, from + *limit);
    return false;
  };
  if (awaits_client() && has_passed(summary_.start, options.timeouts.request)) {
    TimeOut(options.counters.downstream_rq_timeout, http::ResponseFlag::kCount,
            "request_overall_timeout", "request timeout");
  } else if (has_passed(summary_.start, options.timeouts.max_stream_duration)) {
    TimeOut(options.counters.downstream_rq_max_duration_reached,
            http::ResponseFlag::kDurationTimeout, "max_duration_timeout",
            "downstream duration timeout");
  } else if (has_passed(last_activity_, idle_timeout_)) {
    TimeOut(options.counters.downstream_rq_idle_timeout, http::ResponseFlag::kStreamIdleTimeout,
            "stream_idle_timeout", "stream timeout");
  }
  return next;
}

void ServerStream::TimeOut(stats::Counter counter, http::ResponseFlag flag, std::string_view detail,
                           std::string_view body) {
  counter.Increment();
  if (flag != http::ResponseFlag::kCount) summary_.Set(flag);
  const int status = TimeoutStatus(awaits_client());
  if (phase_ != Phase::kWaiting) {
    return ResetToClient({.kind = http::ErrorKind::kTimeout, .detail = detail});
  }
  // gRPC calls a stream that took too long what its own deadlines are called.
  std::optional<int> grpc_status;
  if (flag == http::ResponseFlag::kDurationTimeout) {
    grpc_status = static_cast<int>(http::grpc::Code::kDeadlineExceeded);
  }
  Refuse(
      {.status = status, .detail = detail, .body = std::string(body), .grpc_status = grpc_status});
}

// --- end ---------------------------------------------------------------------------------------

void ServerStream::CutOff(http::ResponseFlag flag, std::string_view detail) {
  if (phase_ == Phase::kEnded) return;
  summary_.Set(flag);
  if (summary_.detail.empty() || phase_ == Phase::kWaiting) summary_.detail = detail;
  writer_ = nullptr;
  End();
}

void ServerStream::End() {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  writer_ = nullptr;
  summary_.end = loop().Now();
  if (has_chain_) chain_.End(summary_);
  const HttpCounters& counters = options_->counters;
  counters.downstream_rq_active.Decrement();
  if (may_switch_) counters.downstream_cx_upgrades_active.Decrement();
  counters.downstream_rq_completed.Increment();
  counters.downstream_rq_time.Record(static_cast<uint64_t>(
      std::chrono::duration_cast<base::Milliseconds>(summary_.end - summary_.start).count()));
  Log();
  connection_.OnStreamEnd(*this);
}

void ServerStream::Log() {
  const auto& loggers = options_->access_loggers;
  if (loggers.empty()) return;
  summary_.start_wall =
      loop().clock().WallNow() - absl::FromChrono(loop().clock().Now() - summary_.start);
  summary_.downstream_failure_reason = net::TransportFailure(connection_.connection_);
  for (const auto& logger : loggers) logger->Log(summary_);
}

}  // namespace outrigger::downstream
