#pragma once

#include <atomic>
#include <cstdint>

#include "absl/functional/function_ref.h"

// The numbers behind all statistics: one space of 32-bit indexes for the whole process, and for
// each index one 64-bit cell per thread that ever wrote it.
//
// A thread writes only its own cells, with a plain load and store (relaxed atomics, no lock
// prefix), so counting costs a few instructions and no cache line ever moves between cores. A
// reader adds up the cells of all threads. Cells come in pages that a thread allocates when it
// first touches one, so an index that nobody counts on costs nothing.
//
// Lifetime: the process's, like the allocator's; that is what lets a handle be a bare index and a
// thread find its page without asking anybody. Threads that end leave their cells (and so their
// totals) behind, and a later thread goes on with them.
namespace outrigger::stats::cells {

using Cell = std::atomic<uint64_t>;

inline constexpr uint32_t kCellsPerPage = 512;

// Where handles write that were never declared; nobody reads them.
inline constexpr uint32_t kScratch = 0;
inline constexpr uint32_t kScratchHistogram = 1;

struct alignas(64) Page {
  Cell cells[kCellsPerPage] = {};
};

// What the calling thread has: `count` entries, null where a page was not touched yet.
struct ThreadPages {
  std::atomic<Page*>* pages = nullptr;
  uint32_t count = 0;
};
inline constinit thread_local ThreadPages thread_pages;

// Allocates the calling thread's page of `index`; the slow path of Mine.
Cell& Touch(uint32_t index);

// The calling thread's cell of `index`.
inline Cell& Mine(uint32_t index) {
  const uint32_t page = index / kCellsPerPage;
  if (page < thread_pages.count) [[likely]] {
    Page* const mine = thread_pages.pages[page].load(std::memory_order_relaxed);
    if (mine != nullptr) [[likely]]
      return mine->cells[index % kCellsPerPage];
  }
  return Touch(index);
}

// A range of `count` zeroed cells. Any thread.
uint32_t Allocate(uint32_t count);

// Zeroes the range and hands it to a later Allocate. Any thread, when no thread can write through
// an index of the range any more, and what the caller does next happens after such writes.
void Free(uint32_t first, uint32_t count);

// Shows every thread's non-zero cell of `index`. Any thread, also while others write: it sees each
// cell as it was at some moment during the call.
void ForEachThread(uint32_t index, absl::FunctionRef<void(uint64_t)> see);

// The same, and whatever was seen is set to zero; under the terms of Free.
void TakeEachThread(uint32_t index, absl::FunctionRef<void(uint64_t)> take);

// Adds to the cell that belongs to no thread: how one thread corrects a sum that others go on
// adding to. Any thread.
void Correct(uint32_t index, uint64_t by);

}  // namespace outrigger::stats::cells
