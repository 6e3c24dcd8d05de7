#pragma once

#include <cstdint>
#include <optional>

#include "source/base/buffer.h"

namespace outrigger::http::http1 {

// Finds the empty line that ends a head or trailer section in bytes that arrive bit by bit, looking
// at each byte once. Takes bare LFs for line ends too: whether they are allowed is the parser's
// question, and a section with them must not stay unanswered.
class HeadEnd {
 public:
  // `at_line_start`: the section may be empty, as trailers may.
  explicit HeadEnd(bool at_line_start = false)
      : state_(at_line_start ? State::kLineStart : State::kInLine) {}

  // The size of the section with its empty line, or nullopt while that has not come. `in` begins
  // with the section, each time with more bytes of it.
  std::optional<size_t> Find(const base::Buffer& in);
  // Bytes looked at so far.
  uint32_t scanned() const { return scanned_; }

 private:
  enum class State : uint8_t { kInLine, kLineStart, kLineStartCr };
  std::optional<size_t> FindIn(std::string_view bytes);

  uint32_t scanned_ = 0;
  State state_;
};

}  // namespace outrigger::http::http1
