#pragma once

#include <cstddef>
#include <cstdint>

#include "source/base/buffer.h"

namespace outrigger::http::http2 {

// RFC 9113 4.1: the nine bytes before every frame's payload.
struct FrameHead {
  static constexpr size_t kBytes = 9;

  uint32_t length = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  int32_t stream = 0;

  size_t size() const { return kBytes + length; }
};

// The frame head that begins `offset` bytes into `in`, which holds at least nine more.
FrameHead PeekFrameHead(const base::Buffer& in, size_t offset);
// Copies `count` bytes from there on.
void PeekBytes(const base::Buffer& in, size_t offset, size_t count, uint8_t* to);

}  // namespace outrigger::http::http2
