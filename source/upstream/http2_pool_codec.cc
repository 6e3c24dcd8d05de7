#include "source/upstream/http2_pool_codec.h"

#include <algorithm>

namespace outrigger::upstream {

uint32_t Http2PoolCodec::places() const {
  if (has_ended_ || !session_.may_start()) return 0;
  size_t limit = session_.stream_limit();
  if (!has_heard_limit_) limit = std::min<size_t>(limit, first_streams_);
  const size_t open = session_.stream_count();
  return open < limit ? static_cast<uint32_t>(limit - open) : 0;
}

PoolCodecState Http2PoolCodec::state() const {
  return {.open = has_ended_ ? 0 : static_cast<uint32_t>(session_.stream_count()),
          .limit = has_heard_limit_ ? static_cast<uint32_t>(session_.stream_limit()) : 0,
          .takes_more = !has_ended_ && session_.is_taking_streams(),
          .was_announced = has_goaway_,
          .has_broken_off = has_broken_off_};
}

http::RequestWriter& Http2PoolCodec::StartRequest(http::ResponseReceiver& receiver) {
  return session_.StartRequest(receiver);
}

void Http2PoolCodec::OnGoAway() {
  has_goaway_ = true;
  events_.OnCodecChange();
}

void Http2PoolCodec::OnStreamPlaces() {
  has_heard_limit_ = true;
  events_.OnCodecChange();
}

void Http2PoolCodec::OnSessionEnd(std::string_view) {
  has_broken_off_ = session_.stream_count() > 0;
  has_ended_ = true;
  events_.OnCodecChange();
}

}  // namespace outrigger::upstream
