#pragma once

#include <cstdint>
#include <optional>

#include "source/base/buffer.h"
#include "source/http/http1/head_parser.h"

namespace outrigger::http::http1 {

// Finds the empty line that ends a head or trailer section in bytes that arrive bit by bit, looking
// at each byte once. Takes bare LFs for line ends too: whether they are allowed is the parser's
// question, and a section with them must not stay unanswered.
class SectionEnd {
 public:
  // `at_line_start`: the section may be empty, as trailers may.
  explicit SectionEnd(bool at_line_start = false)
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

// Reads the head that a codec waits for. Parses at once what came in one piece, which is nearly
// every head; one that trickles in is parsed once more when its end is there, so that sending it
// byte by byte costs the sender more than us.
// Owner: a codec. Holds no bytes: those of an unfinished head stay in `in`.
class HeadReader {
 public:
  using Parse = ParseResult(std::string_view bytes, const Options& options, ParsedHead& head);

  // `bytes` is set to what `head` was parsed from, at the front of `in` and valid until that
  // changes. After kComplete and kRefused the reader is ready for the next head.
  ParseResult Read(base::Buffer& in, const Options& options, Parse& parse, ParsedHead& head,
                   std::string_view& bytes);
  // Some bytes of a head were here, but not all.
  bool has_partial() const { return end_.scanned() != 0; }
  void Forget() { end_ = SectionEnd(); }

 private:
  SectionEnd end_;
};

}  // namespace outrigger::http::http1
