#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace outrigger::base {

// Memory that lives as long as one stream: allocation is a pointer bump, release is all at once.
// Owner: the stream.  Thread: that stream's worker only.
// Lifetime: everything allocated dies with the arena or at Reset; destructors are not run, so only
// trivially destructible objects belong here.
// Limits: none of its own; what fills it (header bytes, format output) has limits.
class Arena {
 public:
  // `first` is the caller's memory that is used before any other (may be empty).
  explicit Arena(char* first = nullptr, size_t first_size = 0)
      : next_(first), end_(first + first_size), first_(first), first_end_(first + first_size) {}
  ~Arena() { FreeChunks(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* Allocate(size_t size, size_t align = alignof(std::max_align_t)) {
    char* at =
        reinterpret_cast<char*>((reinterpret_cast<size_t>(next_) + align - 1) & ~(align - 1));
    if (next_ != nullptr && at + size <= end_) [[likely]] {
      next_ = at + size;
      return at;
    }
    return AllocateSlow(size, align);
  }

  template <typename T>
  T* AllocateArray(size_t count) {
    return static_cast<T*>(Allocate(sizeof(T) * count, alignof(T)));
  }

  // A copy of `text` that lives as long as the arena.
  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = static_cast<char*>(Allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // Frees all chunks but the first memory; everything handed out is invalid after.
  void Reset();

  // Bytes obtained from malloc beyond the first memory.
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  struct Chunk {
    Chunk* next;
  };
  void* AllocateSlow(size_t size, size_t align);
  void FreeChunks();

  char* next_;
  char* end_;
  char* first_;
  char* first_end_;
  Chunk* chunks_ = nullptr;
  size_t allocated_bytes_ = 0;
};

}  // namespace outrigger::base
