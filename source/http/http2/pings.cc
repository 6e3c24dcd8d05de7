#include "source/http/http2/pings.h"

#include <nghttp2/nghttp2.h>

#include <cstring>

#include "absl/random/random.h"

namespace outrigger::http::http2 {

Pings::Pings(Framer& framer) : framer_(framer) {
  if (framer_.options().keepalive.interval.count() == 0) return;
  interval_ = std::make_unique<event::Timer>(framer_.connection().loop(), [this] { Ask(); });
  ArmInterval();
}

void Pings::ArmInterval() {
  const Keepalive& keepalive = framer_.options().keepalive;
  thread_local absl::InsecureBitGen random;
  const int64_t most = keepalive.interval.count() * keepalive.jitter_percent / 100;
  interval_->Arm(keepalive.interval +
                 base::Milliseconds(absl::Uniform<int64_t>(absl::IntervalClosed, random, 0, most)));
}

void Pings::Ask() {
  if (is_waiting_) return;
  is_waiting_ = true;
  ++asked_;
  uint8_t payload[8];
  std::memcpy(payload, &asked_, sizeof(payload));
  nghttp2_submit_ping(framer_.session(), NGHTTP2_FLAG_NONE, payload);
  if (timeout_ == nullptr) {
    timeout_ = std::make_unique<event::Timer>(framer_.connection().loop(), [this] { OnTimeout(); });
  }
  timeout_->Arm(framer_.options().keepalive.timeout);
  framer_.SendSoon();
}

void Pings::TakeAnswer(const uint8_t (&payload)[8]) {
  if (!is_waiting_ || std::memcmp(payload, &asked_, sizeof(payload)) != 0) return;
  is_waiting_ = false;
  timeout_->Cancel();
  if (interval_ != nullptr) ArmInterval();
}

void Pings::OnTimeout() {
  framer_.Fail({NGHTTP2_NO_ERROR, "http2.keepalive_timeout", framer_.counters().keepalive_timeout});
}

void Pings::Stop() {
  if (interval_ != nullptr) interval_->Cancel();
  if (timeout_ != nullptr) timeout_->Cancel();
}

}  // namespace outrigger::http::http2
