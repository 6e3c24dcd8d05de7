#include "source/http/http1/head_end.h"

#include <cstring>

namespace outrigger::http::http1 {

std::optional<size_t> HeadEnd::Find(const base::Buffer& in) {
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

std::optional<size_t> HeadEnd::FindIn(std::string_view bytes) {
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

}  // namespace outrigger::http::http1
