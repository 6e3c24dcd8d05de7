#include "source/http/http2/frame_reader.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "source/http/http2/preface.h"

namespace outrigger::http::http2 {
namespace {

constexpr size_t kPriorityBytes = 5;
constexpr size_t kLeastMaxFrame = 16384;  // RFC 9113 6.5.2: what holds until our SETTINGS do

}  // namespace

FrameReader::FrameReader(Framer& framer, Framer::Side side)
    : framer_(framer),
      is_server_(side == Framer::Side::kServer),
      passing_(is_server_ ? kClientPreface.size() : 0) {}

bool FrameReader::goes_on() const {
  return framer_.failure() == nullptr && framer_.connection().is_open() &&
         nghttp2_session_want_read(framer_.session()) != 0;
}

void FrameReader::Read(base::Buffer& in) {
  bool has_taken = false;
  while (!in.empty() && goes_on() && ReadFrame(in)) has_taken = true;
  if (!goes_on()) in.Clear();
  const bool is_partial = !in.empty() || (passing_ > 0 && !has_settings_);
  // A busy peer's reads may each end inside a frame: that is another one every time.
  const bool is_another = has_partial_ && has_taken && has_settings_;
  has_partial_ = is_partial && !is_another;
}

bool FrameReader::ReadFrame(base::Buffer& in) {
  if (passing_ > 0) {
    const size_t size = std::min(passing_, in.size());
    passing_ -= size;
    framer_.Give(in, size);
    return true;
  }
  if (in.size() < FrameHead::kBytes) return false;
  const FrameHead head = PeekFrameHead(in, 0);
  if (!is_checked_ && !Check(head)) return false;
  is_checked_ = true;
  const size_t size = SizeOf(in, head);
  if (size == 0 || in.size() < size) return false;
  is_checked_ = false;
  if (head.type == NGHTTP2_DATA) {
    passing_ = head.size();
  } else if (head.type == NGHTTP2_PRIORITY && has_settings_) {
    TakePriority(in, head);
  } else if (head.type == NGHTTP2_WINDOW_UPDATE && TakeEmptyWindow(in, head)) {
    in.RemovePrefix(size);
  } else {
    if (head.type == NGHTTP2_HEADERS) highest_ = std::max(highest_, head.stream);
    framer_.Give(in, size);
  }
  has_settings_ = true;  // or nghttp2 has failed
  return true;
}

bool FrameReader::Check(const FrameHead& head) {
  if (const Failure* failure = framer_.rates.OnFrame(head)) {
    framer_.Fail(*failure);
    return false;
  }
  const bool is_message = head.type == NGHTTP2_DATA || head.type == NGHTTP2_HEADERS;
  return !is_message || !is_server_ || CheckLate(head);
}

// nghttp2 forgets closed streams and ignores what still comes for them. That is right only while
// the peer cannot know: after a reset of ours, and up to its own END_STREAM.
bool FrameReader::CheckLate(const FrameHead& head) {
  if (head.stream % 2 == 0 || head.stream > highest_) return true;
  ClosedStreams& closed = framer_.streams().closed();
  ClosedStreams::End end = ClosedStreams::End::kComplete;
  switch (nghttp2_session_get_stream_remote_close(framer_.session(), head.stream)) {
    case 0:
      return true;
    case 1:
      break;
    default:  // not open
      end = closed.Find(head.stream);
  }
  switch (end) {
    case ClosedStreams::End::kUnknown:
      break;
    case ClosedStreams::End::kResetByUs:
    case ClosedStreams::End::kFault:
      if ((head.flags & NGHTTP2_FLAG_END_STREAM) != 0) closed.NoteEnd(head.stream);
      break;
    case ClosedStreams::End::kSkipped:
      framer_.Fail({NGHTTP2_PROTOCOL_ERROR, "http2.stream_id_not_increasing"});
      return false;
    case ClosedStreams::End::kComplete:
      framer_.Fail({NGHTTP2_STREAM_CLOSED, "http2.frame_behind_end_of_stream"});
      return false;
    case ClosedStreams::End::kResetByPeer:
      nghttp2_submit_rst_stream(framer_.session(), NGHTTP2_FLAG_NONE, head.stream,
                                NGHTTP2_STREAM_CLOSED);
      break;
  }
  return true;
}

size_t FrameReader::SizeOf(const base::Buffer& in, const FrameHead& head) {
  const Options& options = framer_.options();
  const size_t most = std::max<size_t>(kLeastMaxFrame, options.max_frame_bytes);
  if (head.length > most) return FailBy(NGHTTP2_FRAME_SIZE_ERROR);
  if (head.type == NGHTTP2_DATA) return FrameHead::kBytes;  // goes on as it comes
  size_t size = head.size();
  if (head.type != NGHTTP2_HEADERS) return size;
  uint32_t continuations = 0;
  uint8_t flags = head.flags;
  while ((flags & NGHTTP2_FLAG_END_HEADERS) == 0) {
    if (in.size() < size + FrameHead::kBytes) return size + FrameHead::kBytes;
    const FrameHead next = PeekFrameHead(in, size);
    if (next.type != NGHTTP2_CONTINUATION || next.stream != head.stream) {
      return FailBy(NGHTTP2_PROTOCOL_ERROR);  // RFC 9113 4.3
    }
    if (next.length > most) return FailBy(NGHTTP2_FRAME_SIZE_ERROR);
    size += next.size();
    flags = next.flags;
    if (++continuations > options.max_continuations) {
      framer_.Fail({NGHTTP2_ENHANCE_YOUR_CALM, "http2.inbound_continuation_frames_flood",
                    framer_.counters().inbound_continuation_frames_flood});
      return 0;
    }
    if (size > std::max(most, kMaxBlockFactor * options.max_head_bytes)) {
      framer_.Fail({NGHTTP2_ENHANCE_YOUR_CALM, "http2.headers_too_large",
                    framer_.counters().header_overflow});
      return 0;
    }
  }
  return size;
}

size_t FrameReader::FailBy(uint32_t code) {
  framer_.Fail({code, "http2.protocol_error"});
  return 0;
}

// RFC 9113 6.9: an increment of 0 is a fault of the stream; nghttp2 ends the connection.
bool FrameReader::TakeEmptyWindow(const base::Buffer& in, const FrameHead& head) {
  uint8_t payload[4] = {};
  if (head.length != sizeof(payload) || head.stream == 0) return false;
  PeekBytes(in, FrameHead::kBytes, sizeof(payload), payload);
  const bool is_empty =
      (payload[0] & 0x7F) == 0 && payload[1] == 0 && payload[2] == 0 && payload[3] == 0;
  if (!is_empty || nghttp2_session_find_stream(framer_.session(), head.stream) == nullptr) {
    return false;
  }
  nghttp2_submit_rst_stream(framer_.session(), NGHTTP2_FLAG_NONE, head.stream,
                            NGHTTP2_PROTOCOL_ERROR);
  framer_.SendHeads();
  return true;
}

// RFC 9113 5.3 deprecates it: what is well-formed has no effect, so nghttp2 need not keep idle
// streams for it.
void FrameReader::TakePriority(base::Buffer& in, const FrameHead& head) {
  uint8_t payload[4] = {};
  if (head.length >= sizeof(payload)) PeekBytes(in, FrameHead::kBytes, sizeof(payload), payload);
  in.RemovePrefix(head.size());
  const uint32_t parent = (uint32_t{payload[0]} << 24 | uint32_t{payload[1]} << 16 |
                           uint32_t{payload[2]} << 8 | uint32_t{payload[3]}) &
                          0x7FFFFFFFu;
  if (head.stream == 0) return framer_.Fail({NGHTTP2_PROTOCOL_ERROR, "http2.protocol_error"});
  const bool has_size = head.length == kPriorityBytes;
  if (has_size && parent != static_cast<uint32_t>(head.stream)) return;
  // A stream error (6.3, 5.3.1), which an idle stream cannot have.
  const uint32_t code = has_size ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_FRAME_SIZE_ERROR;
  if (head.stream > highest_) return framer_.Fail({code, "http2.protocol_error"});
  nghttp2_submit_rst_stream(framer_.session(), NGHTTP2_FLAG_NONE, head.stream, code);
  framer_.SendHeads();
}

}  // namespace outrigger::http::http2
