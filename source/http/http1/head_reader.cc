#include "source/http/http1/head_reader.h"

#include <algorithm>
#include <cstring>

namespace outrigger::http::http1 {

std::optional<size_t> SectionEnd::Find(const base::Buffer& in) {
  size_t skip = scanned_;
  for (size_t i = 0; i < in.slice_count(); ++i) {
    const std::string_view bytes = in.slice(i).view();
    if (skip >= bytes.size()) {
      skip -= bytes.size();
      continue;
    }
    if (const auto size = FindIn(bytes.substr(skip))) return size;
    skip = 0;
  }
  return std::nullopt;
}

std::optional<size_t> SectionEnd::FindIn(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    if (state_ == State::kInLine) {
      const void* lf = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
      if (lf == nullptr) break;
      at = static_cast<size_t>(static_cast<const char*>(lf) - bytes.data()) + 1;
      state_ = State::kLineStart;
      continue;
    }
    const char c = bytes[at++];
    if (c == '\n') {
      scanned_ += static_cast<uint32_t>(at);
      state_ = State::kInLine;
      return scanned_;
    }
    const bool is_cr_at_start = c == '\r' && state_ == State::kLineStart;
    state_ = is_cr_at_start ? State::kLineStartCr : State::kInLine;
  }
  scanned_ += static_cast<uint32_t>(bytes.size());
  return std::nullopt;
}

ParseResult HeadReader::Read(base::Buffer& in, const Options& options, Parse& parse,
                             ParsedHead& head, std::string_view& bytes) {
  ParseResult result;
  bytes = in.Front();
  if (!has_partial()) result = parse(bytes, options, head);
  if (result.state == ParseResult::State::kIncomplete) {
    const auto size = end_.Find(in);
    if (!size && in.size() < options.max_head_bytes) return result;
    bytes = in.Linearize(std::min<size_t>(size.value_or(in.size()), options.max_head_bytes));
    head.Clear();
    result = parse(bytes, options, head);
  }
  if (result.state != ParseResult::State::kIncomplete) Forget();
  return result;
}

}  // namespace outrigger::http::http1
