#include "source/http/http2/client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::http::http2 {
namespace {

const Counters& NoCounters() {
  static const Counters* const none = new Counters;
  return *none;
}

}  // namespace

ClientSession::ClientSession(net::Connection& connection, const Options& options,
                             ClientSessionEvents& events, const Counters* counters)
    : connection_(connection),
      options_(options),
      events_(events),
      framer_(Framer::Side::kClient, connection, options_,
              counters == nullptr ? NoCounters() : *counters, *this),
      reader_(framer_, Framer::Side::kClient),
      pings_(framer_),
      fields_(options_),
      last_input_(connection.loop().Now()),
      stream_limit_(options.max_concurrent_streams) {
  OnSendDue();
}

RequestWriter& ClientSession::StartRequest(ResponseReceiver& receiver) {
  DCHECK(may_start());
  const base::Milliseconds idle = options_.keepalive.idle_interval;
  if (idle.count() > 0 && stream_count() == 0 && connection_.loop().Now() - last_input_ >= idle) {
    pings_.Ask();
  }
  auto stream = std::make_unique<ClientStream>(framer_, *this, receiver);
  ClientStream& out = *stream;
  framer_.streams().Add(std::move(stream));
  return out;
}

void ClientSession::ForgetWaiting(ClientStream& stream) { std::erase(waiting_, &stream); }

void ClientSession::OnData(base::Buffer& in, bool end) {
  if (is_ended_) return in.Clear();
  last_input_ = connection_.loop().Now();
  reader_.Read(in);
  if (end) framer_.Fail({NGHTTP2_NO_ERROR, "http2.closed_by_peer"});
  OnSendDue();
}

void ClientSession::OnClosed(net::CloseCause cause) {
  if (is_ended_) return;
  End("http2.connection_closed", base::StrCat("connection: ", net::ToString(cause)));
}

void ClientSession::Drain() {
  if (is_ended_ || std::exchange(is_draining_, true)) return;
  nghttp2_submit_goaway(framer_.session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  OnSendDue();
}

void ClientSession::RunDeferred() {
  if (is_ended_ || !connection_.is_open()) return;
  StreamTable& table = framer_.streams();
  if (std::exchange(is_goaway_due_, false)) events_.OnGoAway();
  if (std::exchange(are_settings_due_, false)) {
    for (ClientStream* stream : std::exchange(waiting_, {})) stream->OnPeerSettings();
  }
  if (table.has_due()) table.Deliver();
  if (framer_.SendRound()) OnSendDue();  // runs behind the flush of this one
  // Watermarks that fell, streams that closed.
  if (table.has_due()) table.Deliver();
  if (table.Sweep() > 0) has_new_places_ = true;
  const bool was_crowded = std::exchange(was_crowded_, framer_.window().is_crowded());
  if (was_crowded && !was_crowded_) has_new_places_ = true;
  if (!is_ended_ && framer_.failure() == nullptr) TellPlaces();
  EndIfOver();
}

void ClientSession::TellPlaces() {
  if (std::exchange(has_new_places_, false)) events_.OnStreamPlaces();
}

void ClientSession::EndIfOver() {
  if (is_ended_) return;
  const Failure* const failure = framer_.failure();
  const bool is_over = nghttp2_session_want_read(framer_.session()) == 0 &&
                       nghttp2_session_want_write(framer_.session()) == 0;
  if (failure == nullptr && (!is_over || stream_count() > 0)) return;
  framer_.SendHeads();
  if (!connection_.output().empty() && !std::exchange(has_flushed_, true)) {
    // Our GOAWAY leaves before the connection is closed.
    connection_.FlushSoon();
    return OnSendDue();
  }
  if (failure != nullptr) return End(failure->detail, failure->detail);
  End("http2.goaway", has_goaway_ ? "goaway" : "drained");
}

void ClientSession::End(std::string_view detail, std::string_view reason) {
  is_ended_ = true;
  Unlink();
  pings_.Stop();
  waiting_.clear();
  connection_.Close(net::CloseMode::kNow);
  framer_.streams().Lose(detail);
  events_.OnSessionEnd(reason);
}

// --- from nghttp2 ------------------------------------------------------------------------------

void ClientSession::OnFieldsBegin(int32_t, Stream* stream, bool) {
  reading_ = static_cast<ClientStream*>(stream);
  if (reading_ != nullptr && reading_->receiver() != nullptr) {
    return reading_->BeginSection(fields_);
  }
  reading_ = nullptr;
  framer_.counters().headers_cb_no_stream.Increment();
}

void ClientSession::OnField(FieldText name, FieldText value) {
  if (reading_ != nullptr) reading_->TakeField(fields_, name, value);
}

void ClientSession::OnFieldsEnd(bool last) {
  if (ClientStream* stream = std::exchange(reading_, nullptr)) stream->EndSection(fields_, last);
}

void ClientSession::OnPeerSettings() {
  stream_limit_ = std::min(options_.max_concurrent_streams,
                           nghttp2_session_get_remote_settings(
                               framer_.session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  has_new_places_ = has_peer_settings_ = true;
  are_settings_due_ = !waiting_.empty();
  OnSendDue();
}

void ClientSession::OnPeerGoAway() {
  if (std::exchange(has_goaway_, true)) return;
  is_goaway_due_ = true;
  OnSendDue();
}

}  // namespace outrigger::http::http2
