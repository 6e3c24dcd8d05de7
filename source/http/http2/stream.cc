#include "source/http/http2/stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {
namespace {

// A held slice of less keeps a socket's block alive that is more than eight times its size.
constexpr size_t kWorthABlock = base::Block::kReadBytes / 8;
// What a peer must take of a finished message for the wait to begin anew.
constexpr uint32_t kFlushProgress = 4096;
// A message of more shares its connection frame by frame with others.
constexpr size_t kLargeBytes = 16 * 1024;

ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags,
                 nghttp2_data_source* source, void*) {
  return static_cast<Stream*>(source->ptr)->OfferBody(room, flags);
}

}  // namespace

// --- from nghttp2 ------------------------------------------------------------------------------

void Stream::TakeBody(base::Slice piece) {
  const size_t size = piece.size();
  if (discards_input_) return framer_.window().Skip(size);
  if (length_left_ && size > *length_left_) {
    framer_.window().Skip(size);
    return OnBadLength();
  }
  if (length_left_) *length_left_ -= size;
  framer_.window().Hold(size);
  // While it is paused the piece may stay for long.
  if (pauses_ > 0 && size < kWorthABlock) {
    held_.Append(piece.view());
  } else {
    held_.Append(std::move(piece));
  }
  MarkDue();
}

void Stream::TakeEnd() {
  is_input_ended_ = true;
  if (discards_input_) return;
  if (length_left_.value_or(0) > 0) return OnBadLength();
  is_end_held_ = true;
  MarkDue();
}

ClosedStreams::End Stream::TakeClose(uint32_t error_code, bool by_peer) {
  is_closed_ = true;
  close_code_ = error_code;
  is_reset_by_peer_ = by_peer;
  output_.Clear();
  base::ListLink<FlushingStreams>::Unlink();
  MarkDue();
  if (by_peer) return ClosedStreams::End::kResetByPeer;
  if (is_reset_by_us_) return ClosedStreams::End::kResetByUs;
  return error_code != NGHTTP2_NO_ERROR ? ClosedStreams::End::kFault
                                        : ClosedStreams::End::kComplete;
}

ssize_t Stream::OfferBody(size_t room, uint32_t* flags) {
  const size_t size = std::min(room, output_.size());
  const bool is_end = is_output_ended_ && size == output_.size();
  if (size == 0 && !is_end) {
    is_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!is_end) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (abort_code_ != 0) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SendReset(abort_code_);
  } else if (trailers_ != nullptr) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const FieldList& fields = trailers_->fields();
    nghttp2_submit_trailer(framer_.session(), id_, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(size);
}

void Stream::MoveBody(size_t size, base::Buffer& to) {
  to.AppendPrefixOf(output_, size);
  if (is_output_high_) MarkDue();
  if (!base::ListLink<FlushingStreams>::is_linked()) return;
  flushed_bytes_ += static_cast<uint32_t>(size);
  if (flushed_bytes_ < kFlushProgress) return;
  flushed_bytes_ = 0;
  flushing_since_ = framer_.connection().loop().Now();
}

// --- output ------------------------------------------------------------------------------------

nghttp2_data_provider Stream::BodySource() {
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = ReadBody;
  return body;
}

void Stream::QueueBody(base::Buffer& piece, bool last) {
  if (is_closed_ || is_output_ended_) return piece.Clear();
  // What comes behind waiting bytes may wait for long itself.
  if (!output_.empty()) piece.Unpin();
  output_.Append(std::move(piece));
  is_output_ended_ = last;
  if (std::exchange(is_deferred_, false)) nghttp2_session_resume_data(framer_.session(), id_);
  if (!is_fair_ && output_.size() > kLargeBytes) {
    is_fair_ = true;
    const nghttp2_extpri in_turns{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
    nghttp2_session_change_extpri_stream_priority(framer_.session(), id_, &in_turns, 1);
  }
  if (!is_output_high_ && output_.size() > framer_.options().stream_output_high_bytes) MarkDue();
  if (last) {
    flushing_since_ = framer_.connection().loop().Now();
    framer_.streams().WatchFlush(*this);
  }
  framer_.SendSoon();
}

void Stream::QueueTrailers(const HeaderMap& trailers) {
  if (is_closed_ || is_output_ended_) return;
  FieldList fields;
  AppendTrailers(trailers, fields);
  if (fields.empty() || abort_code_ != 0) {
    base::Buffer nothing;
    return QueueBody(nothing, true);
  }
  // Behind an empty body they go at once: no copy, and no empty DATA frame.
  if (!output_.empty() && framer_.SendRound()) framer_.SendSoon();
  if (is_closed_) return;
  if (output_.empty() && id_ >= 0) {
    is_output_ended_ = true;
    is_deferred_ = false;
    nghttp2_submit_trailer(framer_.session(), id_, fields.data(), fields.size());
    return framer_.SendHeads();
  }
  trailers_ = std::make_unique<KeptFields>(std::move(fields));
  base::Buffer nothing;
  QueueBody(nothing, true);
}

void Stream::DropOutput() {
  output_.Clear();
  is_output_ended_ = true;
}

int Stream::CrossedWatermark() {
  const size_t high = framer_.options().stream_output_high_bytes;
  if (!is_output_high_ && output_.size() > high) {
    is_output_high_ = true;
    return 1;
  }
  if (is_output_high_ && output_.size() <= high / 2) {
    is_output_high_ = false;
    return -1;
  }
  return 0;
}

void Stream::SendReset(uint32_t error_code) {
  if (is_closed_ || id_ < 0 || is_reset_by_us_) return;
  is_reset_by_us_ = true;
  framer_.counters().tx_reset.Increment();
  nghttp2_submit_rst_stream(framer_.session(), NGHTTP2_FLAG_NONE, id_, error_code);
  framer_.SendSoon();
}

void Stream::CloseUnopened() {
  is_closed_ = true;
  framer_.streams().OnClosed(*this);
  MarkDue();
  framer_.SendSoon();
}

void Stream::GiveUpFlush() {
  framer_.counters().tx_flush_timeout.Increment();
  output_.Clear();
  SendReset(NGHTTP2_CANCEL);
}

// --- input -------------------------------------------------------------------------------------

void Stream::MarkDue() { framer_.streams().MarkDue(*this); }

void Stream::Resume() {
  DCHECK(pauses_ > 0);
  if (--pauses_ > 0 || !has_input_to_deliver()) return;
  MarkDue();
  framer_.SendSoon();
}

base::Buffer Stream::TakeHeld() {
  const size_t size = held_.size();
  if (size > 0) {
    // Behind its end a stream needs no window.
    if (!is_closed_ && !is_input_ended_) {
      nghttp2_session_consume_stream(framer_.session(), id_, size);
    }
    framer_.window().Release(size);
  }
  return std::move(held_);
}

void Stream::DiscardInput() {
  discards_input_ = true;
  is_end_held_ = false;
  if (!held_.empty()) framer_.window().Release(held_.size());
  held_.Clear();
}

}  // namespace outrigger::http::http2
