#include "source/http/http2/framer_callbacks.h"

#include <nghttp2/nghttp2.h>

#include "source/base/check.h"
#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {
namespace {

FieldText TextOf(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {{reinterpret_cast<const char*>(bytes.base), bytes.len},
          nghttp2_rcbuf_is_static(buffer) != 0};
}

Framer& FramerOf(void* user) { return *static_cast<Framer*>(user); }

Stream* StreamOf(nghttp2_session* session, int32_t id) {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

struct FramerCallbacks::Table {
  static int OnBeginFrame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user) {
    if (head->type != NGHTTP2_DATA) return 0;
    Framer& framer = FramerOf(user);
    framer.input_stream_ = StreamOf(session, head->stream_id);
    return 0;
  }

  static int OnBody(nghttp2_session*, uint8_t, int32_t, const uint8_t* bytes, size_t size,
                    void* user) {
    Framer& framer = FramerOf(user);
    framer.rates.OnMovement();
    if (framer.input_stream_ == nullptr) {
      framer.window_.Skip(size);
      return 0;
    }
    base::Slice piece = *framer.input_;
    const size_t before = reinterpret_cast<const char*>(bytes) - piece.data();
    piece.RemovePrefix(before);
    piece.RemoveSuffix(piece.size() - size);
    framer.input_stream_->TakeBody(std::move(piece));
    return 0;
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    const int32_t id = frame->hd.stream_id;
    FramerOf(user).events_.OnFieldsBegin(id, StreamOf(session, id),
                                         frame->headers.cat == NGHTTP2_HCAT_REQUEST);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                      nghttp2_rcbuf* value, uint8_t, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    FramerOf(user).events_.OnField(TextOf(name), TextOf(value));
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Framer& framer = FramerOf(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        framer.events_.OnFieldsEnd((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
        break;
      case NGHTTP2_DATA: {
        const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (last && framer.input_stream_ != nullptr) framer.input_stream_->TakeEnd();
        break;
      }
      case NGHTTP2_RST_STREAM:
        if (StreamOf(session, frame->hd.stream_id) != nullptr)
          framer.OnPeerReset(frame->hd.stream_id);
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) framer.events_.OnPeerSettings();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
          framer.events_.OnPingAnswer(frame->ping.opaque_data);
        }
        break;
      case NGHTTP2_GOAWAY:
        framer.events_.OnPeerGoAway();
        break;
      default:
        break;
    }
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t id, uint32_t error_code, void* user) {
    if (Stream* stream = StreamOf(session, id)) {
      FramerOf(user).OnStreamClosed(*stream, error_code);
    }
    return 0;
  }

  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Framer& framer = FramerOf(user);
    const nghttp2_frame_hd& head = frame->hd;
    // A reset with NO_ERROR follows a complete response of ours: nothing of the peer's asked for
    // it.
    const bool is_answer = head.type == NGHTTP2_RST_STREAM
                               ? frame->rst_stream.error_code != NGHTTP2_NO_ERROR
                               : (head.type == NGHTTP2_PING || head.type == NGHTTP2_SETTINGS) &&
                                     (head.flags & NGHTTP2_FLAG_ACK) != 0;
    framer.OnFrameSent(head.type, head.flags, head.length, head.stream_id, is_answer);
    if (head.type == NGHTTP2_GOAWAY) framer.OnGoAwaySent(frame->goaway.error_code);
    return 0;
  }

  static int SendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* user) {
    Framer& framer = FramerOf(user);
    base::Buffer& out = framer.connection_.output();
    out.Append(std::string_view(reinterpret_cast<const char*>(head), FrameHead::kBytes));
    static_cast<Stream*>(source->ptr)->MoveBody(size, out);
    if (size < framer.round_left_) {
      framer.round_left_ -= size;
      return 0;
    }
    framer.is_round_full_ = true;
    return NGHTTP2_ERR_PAUSE;
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* all = nullptr;
    CHECK(nghttp2_session_callbacks_new(&all) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(all, OnBeginFrame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(all, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback2(all, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(all, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, OnBody);
    nghttp2_session_callbacks_set_on_stream_close_callback(all, OnClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(all, OnFrameSent);
    nghttp2_session_callbacks_set_send_data_callback(all, SendData);
    return all;
  }
};

nghttp2_session_callbacks* FramerCallbacks::All() {
  static nghttp2_session_callbacks* const all = Table::Make();
  return all;
}

}  // namespace outrigger::http::http2
