#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrigger::http::http2 {

// How many frames were written to a connection's output and not yet to its socket: a peer that
// makes us answer and does not read must not fill our memory. Owner: a framer.  Limits: one mark
// for every kMarkBytes of unsent output.
class UnsentFrames {
 public:
  // A frame was appended; `is_answer`: an acknowledgement or a reset, which the peer can ask for
  // without end.
  void Add(bool is_answer) {
    ++all_.total;
    if (is_answer) ++all_.answers;
  }
  // Where the output stands: bytes ever appended to it, and of those the ones that were sent.
  void Update(uint64_t appended, uint64_t sent) {
    if (sent >= last_.at) {
      marks_.clear();
      sent_ = last_.counts;
    } else {
      size_t passed = 0;
      while (passed < marks_.size() && marks_[passed].at <= sent) sent_ = marks_[passed++].counts;
      marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(passed));
      const uint64_t marked = marks_.empty() ? sent : marks_.back().at;
      if (last_.at - marked >= kMarkBytes) marks_.push_back(last_);
    }
    last_ = {appended, all_};
  }
  uint64_t total() const { return all_.total - sent_.total; }
  uint64_t answers() const { return all_.answers - sent_.answers; }

 private:
  static constexpr uint64_t kMarkBytes = 8 * 1024;
  struct Counts {
    uint64_t total = 0;
    uint64_t answers = 0;
  };
  struct Mark {
    uint64_t at;
    Counts counts;
  };
  Counts all_;
  Counts sent_;              // of frames that are known to have left
  std::vector<Mark> marks_;  // oldest first; empty while the peer keeps up
  Mark last_{0, {}};         // the last Update
};

}  // namespace outrigger::http::http2
