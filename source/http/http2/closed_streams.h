#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace outrigger::http::http2 {

// How the last streams of a connection ended, to tell late frames that are allowed from those that
// are not (RFC 9113 5.1): nghttp2 forgets a stream when it closes.
// Owner: a framer.  Limits: the last kRemembered streams; of older ones nothing is known.
class ClosedStreams {
 public:
  enum class End : uint8_t {
    kUnknown,      // closed too long ago
    kSkipped,      // never opened: the peer went on to a higher id
    kComplete,     // the peer had said END_STREAM
    kResetByPeer,  // it may send no more
    kResetByUs,    // frames may have been on their way
    kFault,        // the same, for what was wrong with the peer's frames
  };

  void Add(int32_t id, End end) {
    Entry& entry = last_[next_++ % kRemembered];
    if (entry.id > forgotten_) forgotten_ = entry.id;
    entry = {id, end};
  }
  // The peer's END_STREAM came behind our reset: it has no more excuse.
  void NoteEnd(int32_t id) {
    for (Entry& entry : last_) {
      if (entry.id == id) entry.end = End::kComplete;
    }
  }
  // Of a stream that is not open and whose id is not above the highest one so far.
  End Find(int32_t id) const {
    for (const Entry& entry : last_) {
      if (entry.id == id) return entry.end;
    }
    return id > forgotten_ ? End::kSkipped : End::kUnknown;
  }
  // From now on the peer's new streams are ignored, so a gap says nothing.
  void IgnoreGaps() { forgotten_ = std::numeric_limits<int32_t>::max(); }

 private:
  static constexpr size_t kRemembered = 64;
  struct Entry {
    int32_t id = 0;
    End end = End::kUnknown;
  };
  std::array<Entry, kRemembered> last_{};
  size_t next_ = 0;
  int32_t forgotten_ = 0;  // the highest id that was pushed out
};

}  // namespace outrigger::http::http2
