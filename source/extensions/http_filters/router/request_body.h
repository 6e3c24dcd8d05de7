#pragma once

#include <cstddef>
#include <utility>

#include "source/base/buffer.h"
#include "source/http/header_map.h"

namespace outrigger::router {

// The body of one request: what no attempt has taken yet, and what would have to be sent again.
// Pieces are kept as slices on the blocks they were read into, never copied.
// Owner: the router's stream.  Limits: the caller's, by size().
class RequestBody {
 public:
  // Takes all of `piece`.
  void Hold(base::Buffer& piece) { held_.Append(std::move(piece)); }
  // Remembers `piece`, which goes to an attempt now.
  void Share(const base::Buffer& piece) { AppendShared(piece, held_); }
  // Another reference to everything that was held or shared.
  base::Buffer Copy() const {
    base::Buffer copy;
    AppendShared(held_, copy);
    return copy;
  }
  // Hands everything to the last attempt there is.
  base::Buffer Take() {
    if (!held_.empty()) MarkPassed();
    return std::move(held_);
  }
  // A piece went by without being kept.
  void MarkPassed() { is_at_hand_ = false; }
  void Forget() {
    MarkPassed();
    held_.Clear();
  }

  size_t size() const { return held_.size(); }
  bool empty() const { return held_.empty(); }
  // Whether everything that came so far could be sent from here again.
  bool is_at_hand() const { return is_at_hand_; }

  bool is_complete = false;             // the request has ended
  bool is_none = false;                 // it ended with its head
  http::HeaderMap* trailers = nullptr;  // with these

 private:
  static void AppendShared(const base::Buffer& from, base::Buffer& to) {
    for (size_t i = 0; i < from.slice_count(); ++i) to.Append(base::Slice(from.slice(i)));
  }
  base::Buffer held_;
  bool is_at_hand_ = true;
};

}  // namespace outrigger::router
