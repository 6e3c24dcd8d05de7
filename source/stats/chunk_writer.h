#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace outrigger::stats {

// Takes a rendered page piece by piece, so that a listing of 100,000 statistics is never one
// string. The text is valid during the call.
using Sink = absl::FunctionRef<void(std::string_view)>;

// Collects small writes into chunks of about 16 KiB for a sink; the rest goes out at the end of its
// life.  Owner: the stack of one rendering call.
class ChunkWriter {
 public:
  explicit ChunkWriter(Sink sink) : sink_(sink) { chunk_.reserve(kChunkBytes + 1024); }
  ~ChunkWriter() {
    if (!chunk_.empty()) sink_(chunk_);
  }
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  ChunkWriter& operator<<(std::string_view text) {
    chunk_ += text;
    if (chunk_.size() >= kChunkBytes) {
      sink_(chunk_);
      chunk_.clear();
    }
    return *this;
  }
  ChunkWriter& operator<<(uint64_t number) {
    char digits[24];
    const char* end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
    return *this << std::string_view(digits, static_cast<size_t>(end - digits));
  }

 private:
  static constexpr size_t kChunkBytes = 16 * 1024;

  Sink sink_;
  std::string chunk_;
};

}  // namespace outrigger::stats
