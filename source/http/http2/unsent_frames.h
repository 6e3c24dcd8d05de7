#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrigger::http::http2 {

// How many frames were written to a connection's output and not yet to its socket: a peer that makes
// us answer and does not read must not fill our memory.
// Owner: a framer.  Limits: one mark for every kMarkBytes of unsent output.
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
    if (sent >= appended) {
      marks_.clear();
      sent_ = all_;
      last_mark_ = appended;
      return;
    }
    size_t passed = 0;
    while (passed < marks_.size() && marks_[passed].at <= sent) sent_ = marks_[passed++].counts;
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(passed));
    if (appended - last_mark_ >= kMarkBytes) {
      marks_.push_back({appended, all_});
      last_mark_ = appended;
    }
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
  Counts sent_;  // of frames that are known to have left
  std::vector<Mark> marks_;  // oldest first; empty while the peer keeps up
  uint64_t last_mark_ = 0;
};

}  // namespace outrigger::http::http2
