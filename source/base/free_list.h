#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "source/base/check.h"

namespace outrigger::base {

// A sanitizer sees a use after free only if memory is really freed. GCC's macros, and Clang's way.
#if defined(__SANITIZE_ADDRESS__) || defined(OUTRIGGER_TSAN)
inline constexpr bool kKeepsFreeMemory = false;
#elif defined(__has_feature)
inline constexpr bool kKeepsFreeMemory =
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer));
#else
inline constexpr bool kKeepsFreeMemory = true;
#endif

// Free blocks of one size, linked through their own memory.
// Owner: a thread. It has no destructor, so that what is freed after Close, when the thread ends,
// still has where to go.
// Limits: as made; what is above goes back to malloc.
class FreeList {
 public:
  constexpr explicit FreeList(uint32_t limit) : limit_(kKeepsFreeMemory ? limit : 0) {}

  // Null: there is none.
  void* Take() {
    Node* node = first_;
    if (node == nullptr) return nullptr;
    first_ = node->next;
    --count_;
    return node;
  }
  // A block from malloc, of at least the size of a pointer.
  void Give(void* block) {
    if (count_ >= limit_) return std::free(block);
    Node* node = static_cast<Node*>(block);
    node->next = first_;
    first_ = node;
    ++count_;
  }
  void Close() {
    limit_ = 0;
    while (void* block = Take()) std::free(block);
  }

 private:
  struct Node {
    Node* next;
  };
  Node* first_ = nullptr;
  uint32_t count_ = 0;
  uint32_t limit_;
};

// Base of a class `T`, final, whose objects come and go with every request: their memory comes from
// a list of the thread that frees it.
// Limits: kMost free objects a thread.
template <typename T, uint32_t kMost = 128>
class Recycled {
 public:
  static void* operator new(size_t size) {
    DCHECK(size == sizeof(T));
    if (void* memory = free_.Take()) return memory;
    closer_.Touch();
    void* memory = std::malloc(size);
    CHECK(memory != nullptr);
    return memory;
  }
  static void operator delete(void* memory) { free_.Give(memory); }

 private:
  struct Closer {
    ~Closer() { free_.Close(); }
    void Touch() {}
  };
  static constinit inline thread_local FreeList free_{kMost};
  static inline thread_local Closer closer_;
};

}  // namespace outrigger::base
