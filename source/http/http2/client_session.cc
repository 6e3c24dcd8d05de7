#include "source/http/http2/client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/http/http2/client_stream.h"

namespace outrigger::http::http2 {

// What nghttp2 calls. Each gets the session as user data, and the stream where it has one.
struct ClientCallbacks {
  static ClientStream* StreamOf(nghttp2_session* session, int32_t id) {
    return static_cast<ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user) {
    auto& self = *static_cast<ClientSession*>(user);
    if (frame->type == NGHTTP2_DATA && frame->length > 0) {
      self.idle_frames_ = 0;
      return 0;
    }
    return self.CountIdleFrame() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    if (auto* stream = StreamOf(session, frame->hd.stream_id)) stream->BeginHeaders();
    return 0;
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    auto* stream = StreamOf(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool is_taken = stream->TakeHeader({reinterpret_cast<const char*>(name), name_size},
                                             {reinterpret_cast<const char*>(value), value_size});
    return is_taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    auto& self = *static_cast<ClientSession*>(user);
    const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    ClientStream* stream = StreamOf(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_HEADERS && stream != nullptr) {
      stream->EndHeaders(last);
    } else if (frame->hd.type == NGHTTP2_DATA && stream != nullptr && last) {
      stream->TakeEnd();
    } else if (frame->hd.type == NGHTTP2_SETTINGS) {
      self.stream_limit_ = std::min(
          self.options_.max_concurrent_streams,
          nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
      self.has_new_places_ = true;
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      self.pong_timer_.Cancel();
      self.ArmKeepalive();
    } else if (frame->hd.type == NGHTTP2_GOAWAY && !std::exchange(self.has_goaway_, true)) {
      self.events_.OnGoAway();
    }
    return 0;
  }

  static int OnBody(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes,
                    size_t size, void*) {
    // The connection's window is for all streams: a paused one must not hold it.
    nghttp2_session_consume_connection(session, size);
    if (auto* stream = StreamOf(session, id)) {
      stream->TakeBody({reinterpret_cast<const char*>(bytes), size});
    }
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t id, uint32_t error_code, void*) {
    if (auto* stream = StreamOf(session, id)) stream->TakeClose(error_code);
    return 0;
  }

  static nghttp2_session_callbacks* All() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
      nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, OnBeginFrame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnBody);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
      return callbacks;
    }();
    return all;
  }
};

ClientSession::ClientSession(net::Connection& connection, const Options& options,
                             ClientSessionEvents& events)
    : connection_(connection),
      options_(options),
      events_(events),
      ping_timer_(connection.loop(), [this] { SendPing(); }),
      pong_timer_(connection.loop(),
                  [this] {
                    Fail(base::StrCat("no answer to a keepalive PING in ",
                                      options_.keepalive.timeout.count(), " ms"));
                  }),
      stream_limit_(options.max_concurrent_streams) {
  SetUp();
  ArmKeepalive();
  connection_.loop().Defer(*this);
}

ClientSession::~ClientSession() { nghttp2_session_del(session_); }

void ClientSession::SetUp() {
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_continuations(option, options_.max_continuations);
  CHECK(nghttp2_session_client_new2(&session_, ClientCallbacks::All(), this, option) == 0);
  nghttp2_option_del(option);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(options_.max_head_bytes)},
  }};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
  CHECK(nghttp2_session_set_local_window_size(
            session_, NGHTTP2_FLAG_NONE, 0,
            static_cast<int32_t>(options_.connection_window_bytes)) == 0);
}

RequestWriter& ClientSession::StartRequest(ResponseReceiver& receiver) {
  DCHECK(may_start());
  auto stream = std::make_unique<ClientStream>(*this, receiver);
  ClientStream& out = *stream;
  streams_.emplace(&out, std::move(stream));
  return out;
}

void ClientSession::OnData(base::Buffer& in, bool end) {
  while (!in.empty() && failure_.empty()) {
    const std::string_view front = in.Front();
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(front.data()), front.size());
    in.RemovePrefix(front.size());
    if (taken < 0) Fail(base::StrCat("http2: ", nghttp2_strerror(static_cast<int>(taken))));
  }
  in.Clear();
  if (end) Fail("closed by the peer");
  connection_.loop().Defer(*this);
}

void ClientSession::OnClosed(net::CloseCause cause) {
  Fail(base::StrCat("connection: ", net::ToString(cause)));
  RunDeferred();
}

void ClientSession::RunDeferred() {
  if (is_ended_) return;
  Pump();
  // A receiver may begin or end streams while it is told about one.
  std::vector<ClientStream*> streams;
  for (const auto& [stream, owner] : streams_) streams.push_back(owner.get());
  for (ClientStream* stream : streams) stream->Deliver();
  Pump();
  if (absl::erase_if(streams_, [](const auto& entry) { return entry.second->is_finished(); }) > 0) {
    has_new_places_ = true;
  }
  if (failure_.empty() && std::exchange(has_new_places_, false)) events_.OnStreamPlaces();
  if (failure_.empty() && nghttp2_session_want_read(session_) == 0 &&
      nghttp2_session_want_write(session_) == 0) {
    Fail(has_goaway_ ? "goaway" : "http2: the peer broke the protocol");
  }
  if (!failure_.empty()) End();
}

void ClientSession::Pump() {
  while (!connection_.is_output_high()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) Fail(base::StrCat("http2: ", nghttp2_strerror(static_cast<int>(size))));
    if (size <= 0) break;
    connection_.output().Append(
        std::string_view(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)));
  }
  connection_.FlushSoon();
}

void ClientSession::Fail(std::string reason) {
  if (failure_.empty()) failure_ = std::move(reason);
  connection_.loop().Defer(*this);
}

void ClientSession::End() {
  is_ended_ = true;
  Unlink();
  ping_timer_.Cancel();
  pong_timer_.Cancel();
  connection_.Close(net::CloseMode::kNow);
  FailStreams();
  events_.OnSessionEnd(failure_);
}

void ClientSession::FailStreams() {
  std::vector<ClientStream*> streams;
  for (const auto& [stream, owner] : streams_) streams.push_back(owner.get());
  for (ClientStream* stream : streams) {
    stream->Fail({.kind = ErrorKind::kConnectionClosed,
                  .source = ErrorSource::kUpstream,
                  .status = 503,
                  .detail = "http2_connection_closed"});
  }
}

bool ClientSession::CountIdleFrame() {
  const base::MonoTime now = connection_.loop().Now();
  if (now - idle_second_ >= std::chrono::seconds(1)) {
    idle_second_ = now;
    idle_frames_ = 0;
  }
  if (++idle_frames_ <= options_.max_idle_frames) return true;
  Fail(base::StrCat("http2: over ", options_.max_idle_frames,
                    " frames a second that carry no body"));
  return false;
}

void ClientSession::ArmKeepalive() {
  const Keepalive& keepalive = options_.keepalive;
  if (keepalive.interval.count() == 0) return;
  thread_local absl::InsecureBitGen random;
  const auto most = keepalive.interval.count() * keepalive.jitter_percent / 100;
  ping_timer_.Arm(keepalive.interval + base::Milliseconds(absl::Uniform<int64_t>(
                                           absl::IntervalClosed, random, 0, most)));
}

void ClientSession::SendPing() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  pong_timer_.Arm(options_.keepalive.timeout);
  connection_.loop().Defer(*this);
}

}  // namespace outrigger::http::http2
