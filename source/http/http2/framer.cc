#include "source/http/http2/framer.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <string>

#include "absl/container/inlined_vector.h"
#include "source/base/check.h"
#include "source/http/http2/framer_callbacks.h"
#include "source/http/http2/session_memory.h"

namespace outrigger::http::http2 {
namespace {

// Body that goes to the connection before it is flushed: several frames in one system call, and
// not much more than a socket takes.
constexpr size_t kRoundBytes = 256 * 1024;
constexpr uint64_t kMaxUnsentAnswers = 1000;

}  // namespace

Framer::Framer(Side side, net::Connection& connection, const Options& options,
               const Counters& counters, FramerEvents& events)
    : rates(connection.loop(), options, counters),
      side_(side),
      connection_(connection),
      options_(options),
      counters_(counters),
      events_(events),
      window_(session_, options.connection_window_bytes),
      streams_(connection.loop(), options, counters.streams_active) {
  SetUp(side);
  SubmitSettings(side);
}

Framer::~Framer() { nghttp2_session_del(session_); }

void Framer::SetUp(Side side) {
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Checked above the library, where the answer can be given.
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_continuations(option, options_.max_continuations);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, options_.header_table_bytes);
  nghttp2_option_set_peer_max_concurrent_streams(option, options_.max_concurrent_streams);
  // Counted in UnsentFrames, which knows what has left.
  nghttp2_option_set_max_outbound_ack(option, size_t{1} << 20);
  // Counted in FrameRates, by time and not by a bucket that fills while nothing happens.
  constexpr uint64_t kNoLimit = uint64_t{1} << 32;
  nghttp2_option_set_stream_reset_rate_limit(option, kNoLimit, kNoLimit);
  const auto make =
      side == Side::kServer ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  CHECK(make(&session_, FramerCallbacks::All(), this, option, SessionMemory()) == 0);
  nghttp2_option_del(option);
}

void Framer::SubmitSettings(Side side) {
  absl::InlinedVector<nghttp2_settings_entry, 8> settings = {
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, options_.header_table_bytes},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, options_.max_frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(options_.max_head_bytes)},
  };
  if (side == Side::kClient) {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  } else {
    // RFC 9218 2.1: no trees of priorities, which cost memory and help nobody.
    settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    if (options_.allow_connect) {
      settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    }
  }
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
  if (side == Side::kServer) AppendStreamLimit();
  CHECK(nghttp2_session_set_local_window_size(
            session_, NGHTTP2_FLAG_NONE, 0,
            static_cast<int32_t>(options_.connection_window_bytes)) == 0);
}

// SETTINGS_MAX_CONCURRENT_STREAMS, put into the frame behind the library's back: it would end the
// connection over a stream too many, where REFUSED_STREAM lets the client try again.
void Framer::AppendStreamLimit() {
  const uint8_t* bytes = nullptr;
  const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
  CHECK(size >= static_cast<ssize_t>(FrameHead::kBytes) && bytes[3] == NGHTTP2_SETTINGS);
  std::string frame(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  const uint32_t limit = options_.max_concurrent_streams;
  for (const uint32_t byte : {0u, uint32_t{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS}, limit >> 24,
                              limit >> 16, limit >> 8, limit}) {
    frame.push_back(static_cast<char>(byte & 0xFF));
  }
  frame[2] = static_cast<char>(frame.size() - FrameHead::kBytes);
  const std::string_view whole = frame;
  connection_.output().Append(whole);
}

// --- input -------------------------------------------------------------------------------------

void Framer::Give(base::Buffer& in, size_t size) {
  while (size > 0 && !has_failed_) {
    const base::Slice slice = in.slice(0);
    const size_t part = std::min(size, slice.size());
    input_ = &slice;
    const ssize_t taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(slice.data()), part);
    input_ = nullptr;
    in.RemovePrefix(part);
    size -= part;
    if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
      Fail({NGHTTP2_PROTOCOL_ERROR, "http2.bad_preface"});
    } else if (taken < 0) {
      Fail({NGHTTP2_INTERNAL_ERROR, "http2.unknown.nghttp2.error"});
    }
  }
  // nghttp2 says only by its GOAWAY that it takes no more.
  if (nghttp2_session_get_outbound_queue_size(session_) > 0) SendHeads();
  if (streams_.has_due()) streams_.Deliver();
}

// --- output ------------------------------------------------------------------------------------

void Framer::SendHeads() {
  WriteHeads();
  // They leave with what other connections bring in this round.
  if (!connection_.output().empty()) SendSoon();
}

void Framer::WriteHeads() {
  round_left_ = 0;
  while (nghttp2_session_get_outbound_queue_size(session_) > 0 && SendNext()) {
  }
  NoteOutput();
}

bool Framer::SendRound() {
  if (connection_.is_output_high()) {
    WriteHeads();
    return false;
  }
  round_left_ = kRoundBytes;
  is_round_full_ = false;
  while (!is_round_full_ && SendNext()) {
  }
  NoteOutput();
  if (!connection_.output().empty()) connection_.FlushSoon();
  return is_round_full_;
}

bool Framer::SendNext() {
  const uint8_t* bytes = nullptr;
  const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
  if (size < 0) Fail({NGHTTP2_INTERNAL_ERROR, "http2.unknown.nghttp2.error"});
  if (size <= 0) return false;
  connection_.output().Append(
      std::string_view(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)));
  return true;
}

// What is unsent, and whether that is too much.
void Framer::NoteOutput() {
  const size_t unsent = connection_.output().size();
  if (unsent == 0) return;
  const uint64_t sent = connection_.bytes_written();
  unsent_.Update(sent + unsent, sent);
  if (has_failed_) return;
  if (unsent_.total() > options_.max_output_frames) {
    Fail({NGHTTP2_ENHANCE_YOUR_CALM, "http2.outbound_frames_flood", counters_.outbound_flood});
  } else if (unsent_.answers() > kMaxUnsentAnswers) {
    Fail({NGHTTP2_ENHANCE_YOUR_CALM, "http2.outbound_control_frames_flood",
          counters_.outbound_control_flood});
  }
}

void Framer::OnFrameSent(uint8_t type, uint8_t flags, size_t length, int32_t id, bool is_answer) {
  unsent_.Add(is_answer);
  if (type != NGHTTP2_DATA && type != NGHTTP2_HEADERS) return;
  if (length > 0) rates.OnMovement();
  if ((flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  void* const stream = nghttp2_session_get_stream_user_data(session_, id);
  if (stream != nullptr) static_cast<Stream*>(stream)->OnEndSent();
}

void Framer::OnGoAwaySent(uint32_t error_code) {
  counters_.goaway_sent.Increment();
  if (error_code == NGHTTP2_NO_ERROR || has_failed_) return;
  has_failed_ = true;
  failure_ = {error_code, "http2.protocol_error"};
}

// --- ends --------------------------------------------------------------------------------------

// The stream's close follows at once.
void Framer::OnPeerReset(int32_t id) {
  reset_id_ = id;
  counters_.rx_reset.Increment();
  if (side_ == Side::kClient) return;
  if (const Failure* failure = rates.OnWastedStream()) Fail(*failure);
}

void Framer::OnStreamClosed(Stream& stream, uint32_t error_code) {
  if (&stream == input_stream_) input_stream_ = nullptr;
  const bool by_peer = reset_id_ == stream.id();
  if (by_peer && error_code == NGHTTP2_REFUSED_STREAM) counters_.stream_refused_errors.Increment();
  ClosedStreams::End end = stream.TakeClose(error_code, by_peer);
  // It costs an endpoint as much as a reset of the peer's own.
  if (end == ClosedStreams::End::kFault && side_ == Side::kServer) {
    if (const Failure* failure = rates.OnWastedStream()) Fail(*failure);
  }
  const bool had_ended = nghttp2_session_get_stream_remote_close(session_, stream.id()) == 1;
  if (had_ended && end != ClosedStreams::End::kResetByPeer) end = ClosedStreams::End::kComplete;
  streams_.closed().Add(stream.id(), end);
  streams_.OnClosed(stream);
  SendSoon();
}

void Framer::Fail(const Failure& failure) {
  if (has_failed_) return;
  has_failed_ = true;
  failure_ = failure;
  failure_.counter.Increment();
  nghttp2_session_terminate_session(session_, failure.error_code);
  SendSoon();
}

}  // namespace outrigger::http::http2
