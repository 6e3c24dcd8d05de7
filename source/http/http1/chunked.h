#pragma once

#include <cstdint>
#include <optional>

#include "source/base/buffer.h"
#include "source/http/header_map.h"
#include "source/http/http1/head_reader.h"
#include "source/http/http1/options.h"
#include "source/http/http1/refusal.h"

namespace outrigger::http::http1 {

// Takes the chunked coding (RFC 9112 7.1) off a body. Chunk data moves as slices; size lines and
// the trailer section stay in the input until they are complete, so there is nothing to hold here.
// Owner: a codec, which starts a new one for each body.
class ChunkedDecoder {
 public:
  // kTrailers: the data is over, call ReadTrailers. kEnd: the whole body is.
  enum class Progress : uint8_t { kNeedMore, kTrailers, kEnd, kRefused };

  // Moves what is there of the body's data from `in` to `out`.
  Progress Decode(base::Buffer& in, base::Buffer& out, const Options& options);
  // After kTrailers, until kEnd or kRefused. Fields are checked and appended to `trailers`, their
  // bytes copied to its arena, unless it is null. Framing fields among them are left out
  // (RFC 9110 6.5.1). What follows the section stays in `in`.
  Progress ReadTrailers(base::Buffer& in, const Options& options, HeaderMap* trailers);
  const Refusal& refusal() const { return *refusal_; }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kTrailers };
  Progress Refuse(const Refusal& refusal);
  // One step of Decode: nullopt to go on.
  std::optional<Progress> ReadSizeLine(base::Buffer& in, const Options& options);
  std::optional<Progress> ReadDataEnd(base::Buffer& in);

  uint64_t left_ = 0;  // of the present chunk's data
  const Refusal* refusal_ = nullptr;
  SectionEnd trailer_end_{/*at_line_start=*/true};
  uint32_t extension_bytes_ = 0;
  State state_ = State::kSize;
};

}  // namespace outrigger::http::http1
