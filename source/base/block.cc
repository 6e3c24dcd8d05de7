#include <cstdlib>
#include <limits>
#include <new>

#include "source/base/buffer.h"
#include "source/base/check.h"

// A sanitizer sees a use after free only if memory is really freed.
#if defined(__SANITIZE_ADDRESS__) || defined(OUTRIGGER_TSAN)
#define OUTRIGGER_CACHE_BLOCKS 0
#else
#define OUTRIGGER_CACHE_BLOCKS 1
#endif

namespace outrigger::base {

// The free blocks of one size on one thread, linked through their own memory.
class BlockCache {
 public:
  constexpr explicit BlockCache(uint32_t limit) : limit_(limit) {}

  Block* Take() {
    Node* node = free_;
    if (node == nullptr) return nullptr;
    free_ = node->next;
    --count_;
    return reinterpret_cast<Block*>(node);
  }
  bool Put(Block* block) {
    if (count_ >= limit_) return false;
    Node* node = reinterpret_cast<Node*>(block);
    node->next = free_;
    free_ = node;
    ++count_;
    return true;
  }
  void Close() {
    limit_ = 0;
    while (Block* block = Take()) std::free(block);
  }

 private:
  struct Node {
    Node* next;
  };
  Node* free_ = nullptr;
  uint32_t count_ = 0;
  uint32_t limit_;
};

namespace {

// At most 1 MiB and 256 KiB of free memory a thread.
constinit thread_local BlockCache read_blocks(OUTRIGGER_CACHE_BLOCKS * 16);
constinit thread_local BlockCache head_blocks(OUTRIGGER_CACHE_BLOCKS * 64);

// Empties the thread's caches when it ends. The caches themselves have no destructor, so a block
// that is freed even later goes to free().
struct CacheCloser {
  ~CacheCloser() {
    read_blocks.Close();
    head_blocks.Close();
  }
  void Touch() {}
};
thread_local CacheCloser cache_closer;

BlockCache* CacheFor(size_t capacity) {
  if (capacity == Block::kHeadBytes) return &head_blocks;
  if (capacity == Block::kReadBytes) return &read_blocks;
  return nullptr;
}

}  // namespace

Block* Block::New(size_t capacity) {
  BlockCache* cache = CacheFor(capacity);
  void* memory = cache == nullptr ? nullptr : cache->Take();
  if (memory == nullptr) {
    CHECK(capacity <= std::numeric_limits<uint32_t>::max());
    cache_closer.Touch();
    memory = std::malloc(sizeof(Block) + capacity);
    CHECK(memory != nullptr);
  }
  return new (memory) Block(static_cast<uint32_t>(capacity));
}

void Block::Free() {
  BlockCache* cache = CacheFor(capacity_);
  if (cache == nullptr || !cache->Put(this)) std::free(this);
}

}  // namespace outrigger::base
