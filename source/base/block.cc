#include <cstdlib>
#include <limits>
#include <new>

#include "source/base/buffer.h"
#include "source/base/check.h"
#include "source/base/free_list.h"

namespace outrigger::base {
namespace {

// At most 1 MiB and 256 KiB of free memory a thread.
constinit thread_local FreeList read_blocks(16);
constinit thread_local FreeList head_blocks(64);

// Empties the thread's lists when it ends.
struct ListCloser {
  ~ListCloser() {
    read_blocks.Close();
    head_blocks.Close();
  }
  void Touch() {}
};
thread_local ListCloser list_closer;

FreeList* ListFor(size_t capacity) {
  if (capacity == Block::kHeadBytes) return &head_blocks;
  if (capacity == Block::kReadBytes) return &read_blocks;
  return nullptr;
}

}  // namespace

Block* Block::New(size_t capacity) {
  FreeList* list = ListFor(capacity);
  void* memory = list == nullptr ? nullptr : list->Take();
  if (memory == nullptr) {
    CHECK(capacity <= std::numeric_limits<uint32_t>::max());
    list_closer.Touch();
    memory = std::malloc(sizeof(Block) + capacity);
    CHECK(memory != nullptr);
  }
  return new (memory) Block(static_cast<uint32_t>(capacity));
}

void Block::Free() {
  FreeList* list = ListFor(capacity_);
  if (list == nullptr) return std::free(this);
  list->Give(this);
}

}  // namespace outrigger::base
