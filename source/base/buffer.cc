#include "source/base/buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "source/base/check.h"

namespace outrigger::base {
namespace {

// The capacity of a block that shall hold `n` bytes: a cached size if that wastes less than half.
size_t CapacityFor(size_t n) { return std::max(std::bit_ceil(n), Block::kHeadBytes); }

// A new block; the reference it is born with goes with this, so that only slices keep it.
class NewBlock {
 public:
  explicit NewBlock(size_t capacity) : block_(Block::New(capacity)) {}
  ~NewBlock() { block_->Unref(); }
  NewBlock(const NewBlock&) = delete;
  NewBlock& operator=(const NewBlock&) = delete;
  Block* get() { return block_; }

 private:
  Block* block_;
};

}  // namespace

Slice Slice::Copy(std::string_view text) {
  if (text.empty()) return {};
  NewBlock block(text.size());
  std::memcpy(block.get()->begin(), text.data(), text.size());
  return Slice(block.get(), block.get()->begin(), text.size());
}

Buffer::Buffer(Buffer&& other) noexcept
    : slices_(std::move(other.slices_)), head_(other.head_), size_(other.size_) {
  other.Clear();
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  slices_ = std::move(other.slices_);
  head_ = other.head_;
  size_ = other.size_;
  other.Clear();
  return *this;
}

void Buffer::Clear() {
  slices_.clear();
  head_ = 0;
  size_ = 0;
}

// The last slice, if bytes may be written directly behind it.
Slice* Buffer::GrowableTail() {
  if (slices_.empty()) return nullptr;
  Slice& tail = slices_.back();
  if (tail.block_ == nullptr || tail.data_ + tail.size_ != tail.block_->fill_end()) return nullptr;
  return &tail;
}

void Buffer::Push(Slice slice) {
  if (!slices_.empty() && slices_.back().empty()) slices_.pop_back();
  if (head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
  } else if (slices_.size() == slices_.capacity() && head_ * 2 >= slices_.size()) {
    // Reuse the dead front half rather than grow: amortised, one move a slice.
    slices_.erase(slices_.begin(), slices_.begin() + head_);
    head_ = 0;
  }
  size_ += slice.size();
  slices_.push_back(std::move(slice));
}

void Buffer::Append(std::string_view text) {
  while (!text.empty()) {
    Slice* tail = GrowableTail();
    if (tail == nullptr || tail->block_->room() == 0) {
      const size_t wanted = std::min(text.size(), Block::kReadBytes);
      NewBlock block(CapacityFor(wanted));
      Push(Slice(block.get(), block.get()->begin(), 0));
      tail = &slices_.back();
    }
    Block& block = *tail->block_;
    const size_t n = std::min<size_t>(text.size(), block.room());
    std::memcpy(block.fill_end(), text.data(), n);
    block.filled_ += static_cast<uint32_t>(n);
    tail->size_ += static_cast<uint32_t>(n);
    size_ += n;
    text.remove_prefix(n);
  }
}

void Buffer::Append(Slice slice) {
  if (slice.empty()) return;
  if (slice.size() <= kCopyBytes) {
    const Slice* tail = GrowableTail();
    if (tail != nullptr && tail->block_->room() >= slice.size()) return Append(slice.view());
  }
  Push(std::move(slice));
}

void Buffer::Append(Buffer&& other) {
  if (empty()) {
    *this = std::move(other);
    return;
  }
  for (size_t i = other.head_; i < other.slices_.size(); ++i) Append(std::move(other.slices_[i]));
  other.Clear();
}

void Buffer::AppendPrefixOf(Buffer& other, size_t n) {
  DCHECK(n <= other.size_);
  if (n == other.size_) return Append(std::move(other));
  while (n > 0) {
    Slice& front = other.slices_[other.head_];
    if (front.size() > n) {
      Append(front.Prefix(n));
      front.RemovePrefix(n);
      other.size_ -= n;
      return;
    }
    n -= front.size();
    other.size_ -= front.size();
    Append(std::move(front));
    other.PopFront();
  }
}

void Buffer::PopFront() {
  slices_[head_] = Slice();
  if (++head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
  }
}

void Buffer::RemovePrefix(size_t n) {
  DCHECK(n <= size_);
  if (n == size_) return Clear();
  size_ -= n;
  while (n > 0) {
    Slice& front = slices_[head_];
    if (n < front.size()) return front.RemovePrefix(n);
    n -= front.size();
    PopFront();
  }
}

std::string_view Buffer::JoinFront(size_t n) {
  DCHECK(n <= size_);
  // Twice the room that is needed now: a head that trickles in then grows in place.
  NewBlock block(CapacityFor(2 * n));
  char* at = block.get()->begin();
  size_t left = n;
  while (left > 0) {
    Slice& front = slices_[head_];
    const size_t part = std::min(left, front.size());
    std::memcpy(at, front.data(), part);
    at += part;
    left -= part;
    front.RemovePrefix(part);
    if (front.empty() && slice_count() > 1) {
      PopFront();
    } else if (front.empty()) {
      Clear();
    }
  }
  block.get()->filled_ = static_cast<uint32_t>(n);
  Slice joined(block.get(), block.get()->begin(), n);
  if (slices_.empty()) {
    size_ = n;
    slices_.push_back(std::move(joined));
  } else {
    // At least one slice was used up, so there is a dead place in front.
    DCHECK(head_ > 0);
    slices_[--head_] = std::move(joined);
  }
  return slices_[head_].view();
}

char* Buffer::Reserve(size_t n) {
  Slice* tail = GrowableTail();
  if (tail == nullptr || tail->block_->room() < n) {
    NewBlock block(CapacityFor(n));
    Push(Slice(block.get(), block.get()->begin(), 0));
    tail = &slices_.back();
  }
  return tail->block_->fill_end();
}

void Buffer::Commit(size_t used) {
  Slice* tail = GrowableTail();
  DCHECK(tail != nullptr && used <= tail->block_->room());
  tail->block_->filled_ += static_cast<uint32_t>(used);
  tail->size_ += static_cast<uint32_t>(used);
  size_ += used;
}

size_t Buffer::FillIovec(absl::Span<iovec> out) const {
  size_t used = 0;
  for (size_t i = head_; i < slices_.size() && used < out.size(); ++i) {
    const Slice& slice = slices_[i];
    if (slice.empty()) continue;
    out[used++] = {const_cast<char*>(slice.data()), slice.size()};
  }
  return used;
}

void Buffer::Unpin() {
  const auto is_wasteful = [](const Slice& slice) {
    return slice.block_ != nullptr && slice.block_->capacity() > Block::kHeadBytes &&
           slice.size() * 8 < slice.block_->capacity();
  };
  bool any = false;
  for (size_t i = head_; i < slices_.size() && !any; ++i) any = is_wasteful(slices_[i]);
  if (!any) return;
  Buffer kept;
  for (size_t i = head_; i < slices_.size(); ++i) {
    if (is_wasteful(slices_[i])) {
      kept.Append(slices_[i].view());
    } else {
      kept.Append(std::move(slices_[i]));
    }
  }
  *this = std::move(kept);
}

std::string Buffer::ToString() const {
  std::string text;
  text.reserve(size_);
  for (size_t i = head_; i < slices_.size(); ++i) text.append(slices_[i].view());
  return text;
}

}  // namespace outrigger::base
