#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outrigger::access_loggers {

// Lines on their way from one thread to one other, without locks: a list of 64 KiB chunks that the
// writer fills and the reader frees.
// Thread: Push belongs to the writing thread, Front and Pop to the reading thread.
// Limit: beyond `limit_bytes` unread, lines are dropped.
class LineQueue {
 public:
  struct Limits {
    size_t limit_bytes;
    // How much may gather before the reader should look without waiting for its interval.
    size_t flush_bytes;
  };
  enum class Pushed { kStored, kStoredAndShouldFlush, kDropped };

  explicit LineQueue(Limits limits) : limits_(limits) {}
  ~LineQueue();
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  [[nodiscard]] Pushed Push(std::string_view line);

  // The oldest unread bytes, whole lines of one chunk; empty when all was read.
  std::string_view Front();
  // The first `bytes` of Front() were read.
  void Pop(size_t bytes);

 private:
  struct Chunk;
  static Chunk* NewChunk(size_t capacity);

  const Limits limits_;
  // Set once, by the first Push: a queue that nobody writes to has no chunk.
  std::atomic<Chunk*> first_{nullptr};

  // The writer's.
  Chunk* tail_ = nullptr;
  uint64_t pushed_bytes_ = 0;
  uint64_t flush_at_bytes_ = 0;

  // The reader's.
  Chunk* head_ = nullptr;
  size_t read_in_head_ = 0;
  alignas(64) std::atomic<uint64_t> popped_bytes_{0};
};

}  // namespace outrigger::access_loggers
