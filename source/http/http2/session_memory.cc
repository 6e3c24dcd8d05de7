#include "source/http/http2/session_memory.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// GCC's macros, and Clang's way.
#if defined(__SANITIZE_ADDRESS__) || defined(OUTRIGGER_TSAN)
#define OUTRIGGER_HAS_SANITIZER 1
#elif defined(__has_feature)
#define OUTRIGGER_HAS_SANITIZER \
  (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define OUTRIGGER_HAS_SANITIZER 0
#endif

namespace outrigger::http::http2 {
namespace {

#if !OUTRIGGER_HAS_SANITIZER

constexpr size_t kStep = 64;
constexpr size_t kSizes = 12;  // up to 768 bytes: the largest is a stream
constexpr uint32_t kMostKept = 256;

// Before each block; the block is as aligned as malloc's.
struct alignas(16) BlockHead {
  BlockHead* next;  // while it is free
  size_t size;      // of its list's blocks, or as asked for when it has no list
};
static_assert(sizeof(BlockHead) == 16);

class FreeBlocks {
 public:
  ~FreeBlocks() {
    for (List& list : lists_) {
      while (list.first != nullptr) std::free(Pop(list));
    }
  }

  void* Take(size_t size) {
    const size_t index = (size + kStep - 1) / kStep;
    const bool is_small = index >= 1 && index <= kSizes;
    BlockHead* head = nullptr;
    if (is_small && lists_[index - 1].first != nullptr) {
      head = Pop(lists_[index - 1]);
    } else {
      const size_t room = is_small ? index * kStep : size;
      head = static_cast<BlockHead*>(std::malloc(sizeof(BlockHead) + room));
      if (head == nullptr) return nullptr;
      head->size = room;
    }
    return head + 1;
  }

  void Give(BlockHead* head) {
    const size_t index = head->size / kStep;
    if (head->size % kStep == 0 && index >= 1 && index <= kSizes) {
      List& list = lists_[index - 1];
      if (list.count < kMostKept) {
        head->next = list.first;
        list.first = head;
        ++list.count;
        return;
      }
    }
    std::free(head);
  }

 private:
  struct List {
    BlockHead* first = nullptr;
    uint32_t count = 0;
  };
  static BlockHead* Pop(List& list) {
    BlockHead* head = list.first;
    list.first = head->next;
    --list.count;
    return head;
  }
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

#endif

}  // namespace

nghttp2_mem* SessionMemory() {
#if OUTRIGGER_HAS_SANITIZER
  return nullptr;
#else
  static nghttp2_mem memory = {nullptr, &Malloc, &Free, &Calloc, &Realloc};
  return &memory;
#endif
}

}  // namespace outrigger::http::http2
