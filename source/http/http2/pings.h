#pragma once

#include <cstdint>
#include <memory>

#include "source/event/timer.h"
#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {

// The PINGs that tell a dead peer from a silent one (Options::keepalive).
// Owner: a session.  Limits: one on its way; without an answer in time the connection fails.
class Pings {
 public:
  explicit Pings(Framer& framer);

  // Asks the peer now.
  void Ask();
  // An answer came; it need not be to one of ours.
  void TakeAnswer(const uint8_t (&payload)[8]);
  void Stop();

 private:
  void ArmInterval();
  void OnTimeout();

  Framer& framer_;
  uint64_t asked_ = 0;  // payload of the last one
  bool is_waiting_ = false;
  // Made when they are needed first.
  std::unique_ptr<event::Timer> interval_;
  std::unique_ptr<event::Timer> timeout_;
};

}  // namespace outrigger::http::http2
