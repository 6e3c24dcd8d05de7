#include "source/http/http2/frame_rates.h"

#include <nghttp2/nghttp2.h>

namespace outrigger::http::http2 {

const Failure* FrameRates::OnFrame(const FrameHead& head) {
  switch (head.type) {
    case NGHTTP2_DATA:
      // Its body, if there is any behind the padding, is told to OnMovement.
      if (head.length > 0 && (head.flags & NGHTTP2_FLAG_PADDED) == 0) return nullptr;
      // The one that ends a stream is of use once a stream.
      if ((head.flags & NGHTTP2_FLAG_END_STREAM) != 0) return nullptr;
      break;
    case NGHTTP2_HEADERS:
      // Bounded by the streams that may be open and by OnWastedStream.
      return nullptr;
    case NGHTTP2_WINDOW_UPDATE:
      if (update_credit_ == 0) break;
      --update_credit_;
      return nullptr;
    default:
      break;
  }
  StartSecond();
  if (++idle_frames_ <= options_.max_idle_frames) return nullptr;
  switch (head.type) {
    case NGHTTP2_DATA:
      return Fail("http2.inbound_empty_frames_flood", counters_.inbound_empty_frames_flood);
    case NGHTTP2_PRIORITY:
      return Fail("http2.inbound_priority_frames_flood", counters_.inbound_priority_frames_flood);
    case NGHTTP2_WINDOW_UPDATE:
      return Fail("http2.inbound_window_update_frames_flood",
                  counters_.inbound_window_update_frames_flood);
    default:
      return Fail("http2.inbound_control_frames_flood", counters_.inbound_control_frames_flood);
  }
}

const Failure* FrameRates::OnWastedStream() {
  StartSecond();
  if (++resets_ <= options_.max_resets) return nullptr;
  return Fail("http2.inbound_reset_flood", counters_.inbound_reset_flood);
}

void FrameRates::StartSecond() {
  const base::MonoTime now = loop_.Now();
  if (now - second_ < std::chrono::seconds(1)) return;
  second_ = now;
  idle_frames_ = resets_ = 0;
}

const Failure* FrameRates::Fail(std::string_view detail, stats::Counter counter) {
  failure_ = {NGHTTP2_ENHANCE_YOUR_CALM, detail, counter};
  return &failure_;
}

}  // namespace outrigger::http::http2
