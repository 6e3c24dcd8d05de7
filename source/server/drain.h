#pragma once

#include <functional>

#include "source/event/timer.h"
#include "source/server/listener_set.h"

namespace outrigger::server {

// The orderly end: stop accepting, let every response say `connection: close`, wait for what is in
// flight, at most the drain time.
// Owner: the server.  Thread: main.
class Drain final {
 public:
  // A request may be on its way on an idle connection when the drain begins; it still gets its
  // answer when it arrives within this time.
  static constexpr base::Milliseconds kIdleGrace{250};

  // `on_done` runs once; true: nothing was cut off.
  Drain(event::Loop& loop, ListenerSet& listeners, const ConnectionBudget& budget,
        base::Milliseconds drain_time, std::function<void(bool is_clean)> on_done);

  void Begin();
  bool has_begun() const { return has_begun_; }

 private:
  void Look();

  event::Loop& loop_;
  ListenerSet& listeners_;
  const ConnectionBudget& budget_;
  const base::Milliseconds drain_time_;
  std::function<void(bool)> on_done_;
  event::Timer timer_;
  base::MonoTime began_;
  bool has_begun_ = false;
  bool has_closed_idle_ = false;
};

}  // namespace outrigger::server
