#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "source/event/loop.h"

namespace outrigger::xds {

// Until when the first answer for each name is waited for (initial_fetch_timeout).
// Owner: a resource feed.  Thread: main.
class FetchDeadlines final {
 public:
  // `on_due` gets the names whose time has come, answered or not, in one piece.
  FetchDeadlines(event::Loop& loop, std::function<void(const std::vector<std::string>&)> on_due)
      : loop_(loop), on_due_(std::move(on_due)), timer_(loop, [this] { OnTimer(); }) {}

  // 0 waits for ever.
  void Add(std::string name, base::Milliseconds timeout) {
    if (timeout.count() == 0) return;
    names_.emplace(loop_.Now() + timeout, std::move(name));
    Arm();
  }

 private:
  void Arm() {
    if (!names_.empty()) timer_.Arm(names_.begin()->first - loop_.Now());
  }
  void OnTimer() {
    std::vector<std::string> due;
    while (!names_.empty() && names_.begin()->first <= loop_.Now()) {
      due.push_back(std::move(names_.extract(names_.begin()).mapped()));
    }
    Arm();
    if (!due.empty()) on_due_(due);
  }

  event::Loop& loop_;
  const std::function<void(const std::vector<std::string>&)> on_due_;
  std::multimap<base::MonoTime, std::string> names_;
  event::Timer timer_;
};

}  // namespace outrigger::xds
