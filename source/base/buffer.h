#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace outrigger::base {

// A counted piece of memory. The count is not atomic: a block lives and dies on one worker.
// Blocks of kReadBytes and kHeadBytes come from free lists of the thread (bounded; the rest goes
// back to malloc), others straight from malloc.
class alignas(16) Block {
 public:
  // What one read of a socket may fill: a response of 64 KiB and its head, in one piece.
  static constexpr size_t kReadBytes = 80 * 1024;
  static constexpr size_t kHeadBytes = 4 * 1024;  // what a serialised head normally fits in

  static Block* New(size_t capacity);
  void Ref() { ++count_; }
  void Unref() {
    if (--count_ == 0) Free();
  }
  bool is_shared() const { return count_ > 1; }
  char* begin() { return reinterpret_cast<char*>(this + 1); }
  uint32_t capacity() const { return capacity_; }

 private:
  friend class Buffer;
  explicit Block(uint32_t capacity) : capacity_(capacity) {}
  void Free();
  char* fill_end() { return begin() + filled_; }
  uint32_t room() const { return capacity_ - filled_; }

  uint32_t count_ = 1;
  uint32_t capacity_;
  // What buffers have written so far. Bytes behind it belong to no slice, so the buffer whose last
  // slice ends there may write on, shared block or not. Stays 0 in blocks that sockets read into.
  uint32_t filled_ = 0;
};

// A view of bytes that keeps their block alive (or, made by Borrow, relies on the caller: only for
// memory that outlives every buffer, such as literals and config held by the stream's snapshot).
class Slice {
 public:
  Slice() = default;
  Slice(Block* block, const char* data, size_t size)  // takes a reference of its own
      : block_(block), data_(data), size_(static_cast<uint32_t>(size)) {
    if (block_ != nullptr) block_->Ref();
  }
  static Slice Copy(std::string_view text);
  static Slice Borrow(std::string_view text) { return Slice(nullptr, text.data(), text.size()); }
  Slice(const Slice& other) : Slice(other.block_, other.data_, other.size_) {}
  Slice(Slice&& other) noexcept : block_(other.block_), data_(other.data_), size_(other.size_) {
    other.block_ = nullptr;
    other.size_ = 0;
  }
  Slice& operator=(Slice other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr) block_->Unref();
  }

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  void RemovePrefix(size_t n) {
    data_ += n;
    size_ -= static_cast<uint32_t>(n);
  }
  void RemoveSuffix(size_t n) { size_ -= static_cast<uint32_t>(n); }
  // The first n bytes as a slice of their own, on the same block.
  Slice Prefix(size_t n) const { return Slice(block_, data_, n); }

 private:
  friend class Buffer;
  Block* block_ = nullptr;
  const char* data_ = nullptr;
  uint32_t size_ = 0;
};

// A queue of bytes made of slices. Moving bytes between buffers moves slices, not bytes; only a
// slice of at most kCopyBytes is copied where the tail has room, which is cheaper than an iovec.
// Owner: whoever holds it.  Thread: one worker.
// Limits: none of its own; who fills a buffer watches size() against a watermark.
class Buffer {
 public:
  static constexpr size_t kCopyBytes = 512;

  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Copies `text` behind the last byte, into the tail block while it has room.
  void Append(std::string_view text);
  void Append(Slice slice);
  // Moves all of `other`; it is empty after.
  void Append(Buffer&& other);
  // Moves the first n bytes of `other` (n <= other.size()).
  void AppendPrefixOf(Buffer& other, size_t n);

  // The first slice's bytes; empty when the buffer is.
  std::string_view Front() const { return size_ == 0 ? std::string_view() : slices_[head_].view(); }
  void RemovePrefix(size_t n);
  void Clear();

  // The first n bytes (n <= size()) in one piece, copying only when they span slices. Valid until
  // the buffer changes.
  std::string_view Linearize(size_t n) {
    const std::string_view front = Front();
    return front.size() >= n ? front.substr(0, n) : JoinFront(n);
  }

  // Room for writing in place: at least `n` bytes at the tail, made visible by Commit(used), which
  // must be the next call that changes the buffer.
  char* Reserve(size_t n);
  void Commit(size_t used);

  // Fills `out` from the front; returns how many entries were used.
  size_t FillIovec(absl::Span<iovec> out) const;
  size_t slice_count() const { return slices_.size() - head_; }
  const Slice& slice(size_t i) const { return slices_[head_ + i]; }

  // Copies slices out that keep alive a large block of which they are a small part: for a buffer
  // that will be held for long, so that what it holds is at most 8 times what it says.
  void Unpin();

  // A copy of everything: for tests and small bodies.
  std::string ToString() const;

 private:
  std::string_view JoinFront(size_t n);
  Slice* GrowableTail();
  void Push(Slice slice);
  void PopFront();

  absl::InlinedVector<Slice, 2> slices_;  // only the last may be empty: an uncommitted Reserve
  uint32_t head_ = 0;                     // index of the first live slice
  size_t size_ = 0;
};

}  // namespace outrigger::base
