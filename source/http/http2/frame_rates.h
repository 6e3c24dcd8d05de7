#pragma once

#include <cstdint>
#include <string_view>

#include "source/event/loop.h"
#include "source/http/http2/counters.h"
#include "source/http/http2/frame_head.h"
#include "source/http/http2/options.h"

namespace outrigger::http::http2 {

// Why a connection ends: what GOAWAY says, a token for logs, and what is counted.
struct Failure {
  uint32_t error_code;
  std::string_view detail;  // of static storage
  stats::Counter counter = {};
};

// Tells a busy peer from an attacker by what its frames of one second achieve.
// Owner: a framer.  Limits: Options::max_idle_frames, max_resets.
class FrameRates {
 public:
  FrameRates(event::Loop& loop, const Options& options, const Counters& counters)
      : loop_(loop), options_(options), counters_(counters) {}

  // A frame came. Null: it may; else why the connection ends. What is returned lives until the next
  // call.
  [[nodiscard]] const Failure* OnFrame(const FrameHead& head);
  // A stream ended before it did any good, by the peer's reset or by its fault.
  [[nodiscard]] const Failure* OnWastedStream();
  // Body came; or a frame of ours went out that a peer may answer: body, or the head of a response.
  // For WINDOW_UPDATE the credit lasts: a burst of responses is answered by a burst of them later.
  void OnMovement() {
    idle_frames_ -= idle_frames_ < kCredit ? idle_frames_ : kCredit;
    if (update_credit_ < kMostUpdateCredit) update_credit_ += kCredit;
  }

 private:
  // How many frames without body (WINDOW_UPDATE, PING) one with body excuses.
  static constexpr uint32_t kCredit = 10;
  static constexpr uint32_t kMostUpdateCredit = 20'000;

  void StartSecond();
  const Failure* Fail(std::string_view detail, stats::Counter counter);

  event::Loop& loop_;
  const Options& options_;
  const Counters& counters_;
  Failure failure_{};
  base::MonoTime second_{};  // when counting began
  uint32_t idle_frames_ = 0;
  uint32_t update_credit_ = 0;
  uint32_t resets_ = 0;
};

}  // namespace outrigger::http::http2
