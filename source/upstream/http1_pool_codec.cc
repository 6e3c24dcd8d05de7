#include "source/upstream/http1_pool_codec.h"

namespace outrigger::upstream {

PoolCodecState Http1PoolCodec::state() const {
  return {.open = is_busy_ ? 1u : 0u,
          .limit = 1,
          .takes_more = takes_more_,
          .was_announced = codec_.was_close_announced(),
          .has_broken_off = codec_.has_failed()};
}

http::RequestWriter& Http1PoolCodec::StartRequest(http::ResponseReceiver& receiver) {
  is_busy_ = true;
  return codec_.StartRequest(receiver);
}

void Http1PoolCodec::OnClosed(net::CloseCause cause) {
  codec_.OnClosed(cause);  // an exchange that goes on ends there
  OnIdleEnd();
}

void Http1PoolCodec::OnExchangeEnd(bool reusable) {
  is_busy_ = false;
  takes_more_ = reusable;
  events_.OnCodecChange();
}

void Http1PoolCodec::OnIdleEnd() {
  takes_more_ = false;
  events_.OnCodecChange();
}

}  // namespace outrigger::upstream
