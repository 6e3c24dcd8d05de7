#include "source/http/http2/server_session.h"

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <utility>

namespace outrigger::http::http2 {
namespace {

// The PING between the two GOAWAYs of a drain.
constexpr uint8_t kDrainPing[8] = {'d', 'r', 'a', 'i', 'n', 'i', 'n', 'g'};

// Whether that is for breaking the protocol, and not for too much of what it allows.
bool IsProtocolError(uint32_t code) {
  return code != NGHTTP2_NO_ERROR && code != NGHTTP2_INTERNAL_ERROR &&
         code != NGHTTP2_ENHANCE_YOUR_CALM;
}

}  // namespace

ServerSession::ServerSession(net::Connection& connection, const Options& options,
                             const Counters& counters, ServerStreams& streams)
    : connection_(connection),
      streams_(streams),
      framer_(Framer::Side::kServer, connection, options, counters, *this),
      reader_(framer_, Framer::Side::kServer),
      pings_(framer_),
      head_fields_(options),
      trailer_fields_(options) {
  OnSendDue();
}

// --- from the connection -----------------------------------------------------------------------

void ServerSession::OnData(base::Buffer& in, bool end) {
  if (phase_ == Phase::kOver) return in.Clear();
  reader_.Read(in);
  OnSendDue();
  if (!end || phase_ == Phase::kOver) return;
  // As with HTTP/1: who closes its side has given up what it asked for.
  End("downstream_remote_disconnect", net::CloseMode::kNow);
}

void ServerSession::OnClosed() {
  phase_ = Phase::kOver;
  Unlink();
  pings_.Stop();
  drain_timer_ = nullptr;
}

void ServerSession::RunDeferred() {
  if (phase_ == Phase::kOver || !connection_.is_open()) return;
  StreamTable& table = framer_.streams();
  if (table.has_due()) table.Deliver();
  if (framer_.SendRound()) OnSendDue();  // runs behind the flush of this one
  // Watermarks that fell, streams that closed.
  if (table.has_due()) table.Deliver();
  table.Sweep();
  EndIfOver();
}

void ServerSession::EndIfOver() {
  if (phase_ == Phase::kOver) return;
  if (const Failure* failure = framer_.failure()) {
    framer_.SendHeads();
    if (IsProtocolError(failure->error_code)) streams_.OnProtocolError();
    return End(failure->detail, net::CloseMode::kFlushDrain);
  }
  if (nghttp2_session_want_read(framer_.session()) != 0 ||
      nghttp2_session_want_write(framer_.session()) != 0) {
    return;
  }
  End("http2.goaway", net::CloseMode::kFlushDrain);
}

void ServerSession::End(std::string_view detail, net::CloseMode mode) {
  OnClosed();
  framer_.streams().Lose(detail);
  connection_.Close(mode);
  if (mode == net::CloseMode::kNow) streams_.OnCodecDone();
}

void ServerSession::Refuse(const StreamError& error) {
  if (phase_ == Phase::kOver) return;
  framer_.Fail({NGHTTP2_ENHANCE_YOUR_CALM, error.detail});
  EndIfOver();
}

// --- drain -------------------------------------------------------------------------------------

void ServerSession::Drain() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kDraining;
  nghttp2_submit_shutdown_notice(framer_.session());
  framer_.SendHeads();  // a PING would overtake it
  nghttp2_submit_ping(framer_.session(), NGHTTP2_FLAG_NONE, kDrainPing);
  // A client that does not answer has had its time, too.
  drain_timer_ = std::make_unique<event::Timer>(connection_.loop(), [this] { FinishDrain(); });
  drain_timer_->Arm(framer_.options().keepalive.timeout);
  OnSendDue();
}

void ServerSession::FinishDrain() {
  if (phase_ != Phase::kDraining) return;
  phase_ = Phase::kEnding;
  drain_timer_->Cancel();
  framer_.streams().closed().IgnoreGaps();
  const int32_t last = nghttp2_session_get_last_proc_stream_id(framer_.session());
  nghttp2_submit_goaway(framer_.session(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  OnSendDue();
}

void ServerSession::OnPingAnswer(const uint8_t (&payload)[8]) {
  if (std::memcmp(payload, kDrainPing, sizeof(kDrainPing)) == 0) return FinishDrain();
  pings_.TakeAnswer(payload);
}

// --- from nghttp2 ------------------------------------------------------------------------------

void ServerSession::OnFieldsBegin(int32_t id, Stream* stream, bool opens) {
  reading_ = static_cast<ServerStream*>(stream);
  if (opens) {
    reading_ = nullptr;
    return MayOpen() ? Open(id) : Refuse(id);
  }
  if (reading_ == nullptr || reading_->receiver() == nullptr) {
    reading_ = nullptr;
    return framer_.counters().headers_cb_no_stream.Increment();
  }
  trailer_fields_.Begin(FieldSection::Kind::kTrailers, reading_->receiver()->request_trailers());
}

bool ServerSession::MayOpen() const {
  return framer_.streams().count() < framer_.options().max_concurrent_streams &&
         framer_.failure() == nullptr;
}

void ServerSession::Open(int32_t id) {
  auto stream = std::make_unique<ServerStream>(framer_, id, streams_);
  reading_ = stream.get();
  framer_.streams().Add(std::move(stream));
  nghttp2_session_set_stream_user_data(framer_.session(), id, static_cast<Stream*>(reading_));
  head_fields_.Begin(reading_->receiver()->request_head());
}

void ServerSession::Refuse(int32_t id) {
  framer_.counters().stream_refused_errors.Increment();
  framer_.counters().tx_reset.Increment();
  framer_.streams().closed().Add(id, ClosedStreams::End::kResetByUs);
  nghttp2_submit_rst_stream(framer_.session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

void ServerSession::OnField(FieldText name, FieldText value) {
  if (reading_ == nullptr) return;
  if (!reading_->has_head()) return head_fields_.Take(name, value);
  if (trailer_fields_.IsPseudo(name, value)) trailer_fields_.Fail(Fault::kBrokenRule);
}

void ServerSession::OnFieldsEnd(bool last) {
  ServerStream* const stream = std::exchange(reading_, nullptr);
  if (stream == nullptr) return;
  if (stream->has_head()) return stream->TakeTrailers(trailer_fields_.fault(), last);
  const Fault fault = head_fields_.Finish(last);
  stream->TakeHead(fault, head_fields_.body_length(), last);
}

}  // namespace outrigger::http::http2
