#pragma once

#include <cstddef>
#include <cstdint>

#include "source/base/buffer.h"
#include "source/http/http2/frame_head.h"
#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {

// Hands input to a framer frame by frame, so that every frame is looked at before nghttp2 sees it:
// how many there are, and whether its stream may still get any (RFC 9113 5.1). DATA goes on as it
// comes; any other frame, and a header block with all its CONTINUATIONs, only when it is complete.
// Owner: a session.  Limits: what waits in the connection is one frame of Options::max_frame_bytes,
// or a header block of max_continuations, and that is cut off at kMaxBlockFactor times
// Options::max_head_bytes.
class FrameReader {
 public:
  FrameReader(Framer& framer, Framer::Side side);

  // Takes what it can; the rest is shown again with what follows.
  void Read(base::Buffer& in);
  // A part of a frame that is not DATA, or of the preface, was here before the last read, or is the
  // first to be: something that has to be complete in time.
  bool has_partial() const { return has_partial_; }

 private:
  // Huffman codes are at most 30 bits long: a block cannot decode to less than a quarter of itself.
  static constexpr size_t kMaxBlockFactor = 4;

  // True: the frame was taken or given on; false: it has to wait, or the connection failed.
  bool ReadFrame(base::Buffer& in);
  bool Check(const FrameHead& head);
  bool CheckLate(const FrameHead& head);
  // How much has to be there before the frame, or block, goes on; 0: it failed.
  size_t SizeOf(const base::Buffer& in, const FrameHead& head);
  size_t FailBy(uint32_t code);
  bool TakeEmptyWindow(const base::Buffer& in, const FrameHead& head);
  void TakePriority(base::Buffer& in, const FrameHead& head);
  bool goes_on() const;

  Framer& framer_;
  const bool is_server_;
  size_t passing_ = 0;   // bytes that go on without a look: preface, DATA
  int32_t highest_ = 0;  // id of the peer's streams
  bool has_settings_ = false;
  bool is_checked_ = false;  // the frame in front
  bool has_partial_ = false;
};

}  // namespace outrigger::http::http2
