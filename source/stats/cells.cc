#include "source/stats/cells.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "source/base/mutex.h"

namespace outrigger::stats::cells {
namespace {

// The pages of one thread, or of the threads that used it one after the other.
// Thread: `pages` is written by the thread that holds it, under `in_use`; readers only load.
// Lifetime: for ever. A directory that was outgrown stays too, since a reader may be in it; each is
// twice the last, so they sum up to the size of the current one.
struct ThreadCells {
  struct Directory {
    explicit Directory(uint32_t size)
        : count(size), pages(std::make_unique<std::atomic<Page*>[]>(size)) {}
    const uint32_t count;
    const std::unique_ptr<std::atomic<Page*>[]> pages;
  };

  // Never null once the thread has touched a cell.
  std::atomic<Directory*> directory{nullptr};
  std::atomic<bool> in_use{true};
  ThreadCells* next = nullptr;
  std::vector<std::unique_ptr<Directory>> directories;

  Cell& Touch(uint32_t index) {
    const uint32_t at = index / kCellsPerPage;
    Directory* current = directory.load(std::memory_order_relaxed);
    if (current == nullptr || at >= current->count) current = Grow(at + 1);
    Page* page = current->pages[at].load(std::memory_order_relaxed);
    if (page == nullptr) {
      page = new Page;
      current->pages[at].store(page, std::memory_order_release);
    }
    return page->cells[index % kCellsPerPage];
  }

  // The cell, or null when this thread has not touched its page.
  Cell* Find(uint32_t index) const {
    const uint32_t at = index / kCellsPerPage;
    const Directory* current = directory.load(std::memory_order_acquire);
    if (current == nullptr || at >= current->count) return nullptr;
    Page* page = current->pages[at].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : &page->cells[index % kCellsPerPage];
  }

 private:
  Directory* Grow(uint32_t at_least) {
    Directory* old = directory.load(std::memory_order_relaxed);
    const uint32_t doubled = old == nullptr ? 8 : old->count * 2;
    auto grown = std::make_unique<Directory>(std::max(at_least, doubled));
    for (uint32_t i = 0; old != nullptr && i < old->count; ++i) {
      grown->pages[i].store(old->pages[i].load(std::memory_order_relaxed),
                            std::memory_order_relaxed);
    }
    directories.push_back(std::move(grown));
    directory.store(directories.back().get(), std::memory_order_release);
    return directories.back().get();
  }
};

// A list that only grows, so that readers and threads that start need no lock.
constinit std::atomic<ThreadCells*> all_threads{nullptr};

ThreadCells* AddThreadCells() {
  auto* added = new ThreadCells;
  added->next = all_threads.load(std::memory_order_relaxed);
  while (!all_threads.compare_exchange_weak(added->next, added, std::memory_order_release,
                                            std::memory_order_relaxed)) {
  }
  return added;
}

ThreadCells* AdoptOrAddThreadCells() {
  ThreadCells* at = all_threads.load(std::memory_order_acquire);
  for (; at != nullptr; at = at->next) {
    bool in_use = false;
    if (at->in_use.compare_exchange_strong(in_use, true, std::memory_order_acquire)) return at;
  }
  return AddThreadCells();
}

// Returns the thread's cells when it ends.
struct ThreadHold {
  ThreadCells* cells = nullptr;
  ~ThreadHold();
};

constinit thread_local bool thread_ended = false;
// For destructors that run after thread_hold's own and still count; stays taken.
constinit thread_local ThreadCells* late_cells = nullptr;
thread_local ThreadHold thread_hold;

ThreadHold::~ThreadHold() {
  thread_pages = {};
  thread_ended = true;
  if (cells != nullptr) cells->in_use.store(false, std::memory_order_release);
}

// Indexes that are taken, and ranges to take again, by size: groups come in few sizes.
struct IndexSpace {
  base::Mutex mutex;
  uint32_t next ABSL_GUARDED_BY(mutex) = kScratchHistogram + 1;
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> free_ranges ABSL_GUARDED_BY(mutex);
  // Corrections by whoever holds the mutex.
  ThreadCells* corrections ABSL_GUARDED_BY(mutex) = nullptr;
};

// A lock is right here: declaring and removing happens when configuration changes.
IndexSpace& Indexes() {
  static auto* const space = new IndexSpace;
  return *space;
}

template <typename See>
void ForEachCell(uint32_t index, See see) {
  ThreadCells* at = all_threads.load(std::memory_order_acquire);
  for (; at != nullptr; at = at->next) {
    if (Cell* cell = at->Find(index)) see(*cell);
  }
}

}  // namespace

Cell& Touch(uint32_t index) {
  ThreadCells*& mine = thread_ended ? late_cells : thread_hold.cells;
  if (mine == nullptr) mine = AdoptOrAddThreadCells();
  Cell& cell = mine->Touch(index);
  const ThreadCells::Directory& now = *mine->directory.load(std::memory_order_relaxed);
  thread_pages = {.pages = now.pages.get(), .count = now.count};
  return cell;
}

uint32_t Allocate(uint32_t count) {
  IndexSpace& space = Indexes();
  base::MutexLock lock(space.mutex);
  auto& same_size = space.free_ranges[count];
  if (!same_size.empty()) {
    const uint32_t first = same_size.back();
    same_size.pop_back();
    return first;
  }
  const uint32_t first = space.next;
  space.next += count;
  return first;
}

void Free(uint32_t first, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    ForEachCell(first + i, [](Cell& cell) { cell.store(0, std::memory_order_relaxed); });
  }
  IndexSpace& space = Indexes();
  base::MutexLock lock(space.mutex);
  space.free_ranges[count].push_back(first);
}

void ForEachThread(uint32_t index, absl::FunctionRef<void(uint64_t)> see) {
  ForEachCell(index, [&](Cell& cell) {
    const uint64_t value = cell.load(std::memory_order_acquire);
    if (value != 0) see(value);
  });
}

void TakeEachThread(uint32_t index, absl::FunctionRef<void(uint64_t)> take) {
  ForEachCell(index, [&](Cell& cell) {
    const uint64_t value = cell.exchange(0, std::memory_order_acq_rel);
    if (value != 0) take(value);
  });
}

void Correct(uint32_t index, uint64_t by) {
  IndexSpace& space = Indexes();
  base::MutexLock lock(space.mutex);
  if (space.corrections == nullptr) space.corrections = AddThreadCells();
  Cell& cell = space.corrections->Touch(index);
  cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace outrigger::stats::cells
