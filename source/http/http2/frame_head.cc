#include "source/http/http2/frame_head.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace outrigger::http::http2 {

void PeekBytes(const base::Buffer& in, size_t offset, size_t count, uint8_t* to) {
  for (size_t i = 0; count > 0 && i < in.slice_count(); ++i) {
    const base::Slice& slice = in.slice(i);
    if (offset >= slice.size()) {
      offset -= slice.size();
      continue;
    }
    const size_t part = std::min(count, slice.size() - offset);
    std::memcpy(to, slice.data() + offset, part);
    to += part;
    count -= part;
    offset = 0;
  }
}

FrameHead PeekFrameHead(const base::Buffer& in, size_t offset) {
  uint8_t joined[FrameHead::kBytes] = {};
  const uint8_t* b = joined;
  if (const std::string_view front = in.Front(); front.size() >= offset + sizeof(joined)) {
    b = reinterpret_cast<const uint8_t*>(front.data()) + offset;
  } else {
    PeekBytes(in, offset, sizeof(joined), joined);
  }
  FrameHead head;
  head.length = uint32_t{b[0]} << 16 | uint32_t{b[1]} << 8 | b[2];
  head.type = b[3];
  head.flags = b[4];
  head.stream = static_cast<int32_t>(
      (uint32_t{b[5]} << 24 | uint32_t{b[6]} << 16 | uint32_t{b[7]} << 8 | uint32_t{b[8]}) &
      0x7FFFFFFFu);
  return head;
}

}  // namespace outrigger::http::http2
