#include "source/base/arena.h"

#include <algorithm>
#include <cstdlib>

#include "source/base/check.h"

namespace outrigger::base {
namespace {

constexpr size_t kSmallestChunk = 4096;
constexpr size_t kLargestChunk = 64 * 1024;

}  // namespace

void* Arena::AllocateSlow(size_t size, size_t align) {
  // Chunks grow with what the stream has already needed: few mallocs, little waste.
  const size_t wanted = std::clamp(allocated_bytes_, kSmallestChunk, kLargestChunk);
  const size_t bytes = std::max(wanted, sizeof(Chunk) + align + size);
  Chunk* chunk = static_cast<Chunk*>(std::malloc(bytes));
  CHECK(chunk != nullptr);
  chunk->next = chunks_;
  chunks_ = chunk;
  allocated_bytes_ += bytes;
  next_ = reinterpret_cast<char*>(chunk + 1);
  end_ = reinterpret_cast<char*>(chunk) + bytes;
  return Allocate(size, align);
}

void Arena::Reset() {
  FreeChunks();
  next_ = first_;
  end_ = first_end_;
}

void Arena::FreeChunks() {
  while (chunks_ != nullptr) {
    Chunk* next = chunks_->next;
    std::free(chunks_);
    chunks_ = next;
  }
  allocated_bytes_ = 0;
}

}  // namespace outrigger::base
