#include "source/http/http2/session_memory.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "source/base/free_list.h"

namespace outrigger::http::http2 {
namespace {

constexpr size_t kStep = 64;
constexpr size_t kSizes = 12;  // up to 768 bytes: the largest is a stream
constexpr uint32_t kMostKept = 256;

// Before each block; the block is as aligned as malloc's.
struct alignas(16) BlockHead {
  void* next;   // while it is free: the list's
  size_t size;  // of its list's blocks, or as asked for when it has no list
};
static_assert(sizeof(BlockHead) == 16);

// The lists of a thread, by size.
class FreeBlocks {
 public:
  ~FreeBlocks() {
    for (List& list : lists_) list.Close();
  }

  void* Take(size_t size) {
    const size_t index = (size + kStep - 1) / kStep;
    const bool is_small = index >= 1 && index <= kSizes;
    auto* head = static_cast<BlockHead*>(is_small ? lists_[index - 1].Take() : nullptr);
    if (head == nullptr) {
      const size_t room = is_small ? index * kStep : size;
      head = static_cast<BlockHead*>(std::malloc(sizeof(BlockHead) + room));
      if (head == nullptr) return nullptr;
      head->size = room;
    }
    return head + 1;
  }

  void Give(BlockHead* head) {
    const size_t index = head->size / kStep;
    const bool has_list = head->size % kStep == 0 && index >= 1 && index <= kSizes;
    if (!has_list) return std::free(head);
    lists_[index - 1].Give(head);
  }

 private:
  struct List : base::FreeList {
    List() : FreeList(kMostKept) {}
  };
  std::array<List, kSizes> lists_;
};

FreeBlocks& Blocks() {
  static thread_local FreeBlocks blocks;
  return blocks;
}

void* Malloc(size_t size, void*) { return Blocks().Take(size); }

void Free(void* block, void*) {
  if (block != nullptr) Blocks().Give(static_cast<BlockHead*>(block) - 1);
}

void* Calloc(size_t count, size_t size, void*) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* block = Blocks().Take(count * size);
  if (block != nullptr) std::memset(block, 0, count * size);
  return block;
}

void* Realloc(void* block, size_t size, void*) {
  if (block == nullptr) return Blocks().Take(size);
  BlockHead* head = static_cast<BlockHead*>(block) - 1;
  if (size <= head->size) return block;
  void* larger = Blocks().Take(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, head->size);
  Blocks().Give(head);
  return larger;
}

}  // namespace

nghttp2_mem* SessionMemory() {
  static nghttp2_mem memory = {nullptr, &Malloc, &Free, &Calloc, &Realloc};
  return base::kKeepsFreeMemory ? &memory : nullptr;
}

}  // namespace outrigger::http::http2
