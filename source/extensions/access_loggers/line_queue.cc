#include "source/extensions/access_loggers/line_queue.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace outrigger::access_loggers {

struct LineQueue::Chunk {
  std::atomic<Chunk*> next{nullptr};
  // Grows line by line; a line is never split over two chunks.
  std::atomic<size_t> written{0};
  size_t capacity = 0;

  // The bytes follow the chunk in the same allocation.
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  static void Delete(Chunk* chunk) {
    chunk->~Chunk();
    ::operator delete(chunk);
  }
};

namespace {
constexpr size_t kChunkBytes = 64 * 1024;
}  // namespace

LineQueue::Chunk* LineQueue::NewChunk(size_t capacity) {
  auto* chunk = new (::operator new(sizeof(Chunk) + capacity)) Chunk;
  chunk->capacity = capacity;
  return chunk;
}

LineQueue::~LineQueue() {
  // What was read is freed already.
  Chunk* at = head_ != nullptr ? head_ : first_.load(std::memory_order_acquire);
  while (at != nullptr) {
    Chunk* next = at->next.load(std::memory_order_acquire);
    Chunk::Delete(at);
    at = next;
  }
}

LineQueue::Pushed LineQueue::Push(std::string_view line) {
  const uint64_t unread = pushed_bytes_ - popped_bytes_.load(std::memory_order_relaxed);
  if (unread + line.size() > limits_.limit_bytes) return Pushed::kDropped;

  size_t written = tail_ == nullptr ? 0 : tail_->written.load(std::memory_order_relaxed);
  if (tail_ == nullptr || line.size() > tail_->capacity - written) {
    Chunk* added = NewChunk(std::max(kChunkBytes - sizeof(Chunk), line.size()));
    // Release: a reader that finds the chunk finds it made.
    (tail_ == nullptr ? first_ : tail_->next).store(added, std::memory_order_release);
    tail_ = added;
    written = 0;
  }
  std::memcpy(tail_->bytes() + written, line.data(), line.size());
  pushed_bytes_ += line.size();
  // Asked once for each flush_bytes, however long the reader takes.
  const bool should_flush =
      unread + line.size() >= limits_.flush_bytes && pushed_bytes_ >= flush_at_bytes_;
  if (should_flush) flush_at_bytes_ = pushed_bytes_ + limits_.flush_bytes;
  // The last of all: a reader that saw the line may take the queue down.
  tail_->written.store(written + line.size(), std::memory_order_release);
  return should_flush ? Pushed::kStoredAndShouldFlush : Pushed::kStored;
}

std::string_view LineQueue::Front() {
  if (head_ == nullptr) head_ = first_.load(std::memory_order_acquire);
  while (head_ != nullptr) {
    // Before `written`: once there is a next chunk, this one is final.
    Chunk* next = head_->next.load(std::memory_order_acquire);
    const size_t written = head_->written.load(std::memory_order_acquire);
    if (read_in_head_ < written) {
      return std::string_view(head_->bytes(), written).substr(read_in_head_);
    }
    if (next == nullptr) return {};
    Chunk::Delete(head_);
    head_ = next;
    read_in_head_ = 0;
  }
  return {};
}

void LineQueue::Pop(size_t bytes) {
  read_in_head_ += bytes;
  popped_bytes_.store(popped_bytes_.load(std::memory_order_relaxed) + bytes,
                      std::memory_order_relaxed);
}

}  // namespace outrigger::access_loggers
