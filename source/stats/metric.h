#pragma once

#include <cstdint>

#include "source/stats/cells.h"
#include "source/stats/histogram.h"

// Handles: what the code that counts holds. Each is one 32-bit index, copied freely, valid as long
// as the Group it came from. A default-constructed handle counts into a cell that nobody reads, so
// code under test needs no store.
namespace outrigger::stats {

// Only goes up. Thread: any; each thread adds to its own cell.
class Counter {
 public:
  constexpr Counter() = default;
  constexpr explicit Counter(uint32_t index) : index_(index) {}

  void Increment() const { Add(1); }
  void Add(uint64_t amount) const {
    cells::Cell& cell = cells::Mine(index_);
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  // The sum over all threads; not for the request path.
  uint64_t Value() const;

 private:
  uint32_t index_ = cells::kScratch;
};

// Neighbouring counters of one table, picked by position while counting: one per status code, say.
class CounterRange {
 public:
  constexpr CounterRange() = default;
  constexpr CounterRange(uint32_t first, uint32_t count) : first_(first), count_(count) {}

  uint32_t size() const { return count_; }
  // `at` below size(); of an empty range every counter is the one that nobody reads.
  Counter operator[](uint32_t at) const { return count_ == 0 ? Counter() : Counter(first_ + at); }

 private:
  uint32_t first_ = cells::kScratch;
  uint32_t count_ = 0;
};

// Goes up and down. Thread: any may Add and Sub (also: add on one thread, subtract on another). A
// gauge that is Set has one thread that sets it and nobody who adds.
class Gauge {
 public:
  constexpr Gauge() = default;
  constexpr explicit Gauge(uint32_t index) : index_(index) {}

  void Increment() const { Add(1); }
  void Decrement() const { Sub(1); }
  void Add(uint64_t amount) const {
    cells::Cell& cell = cells::Mine(index_);
    cell.store((cell.load(std::memory_order_relaxed) + 2 * amount) | kTouched,
               std::memory_order_relaxed);
  }
  void Sub(uint64_t amount) const { Add(-amount); }
  // At most 2^62 - 1.
  void Set(uint64_t value) const {
    cells::Mine(index_).store((2 * value) | kTouched, std::memory_order_relaxed);
  }

  // The sum over all threads, 0 where they were caught between a Sub and its Add.
  uint64_t Value() const;

 private:
  // The lowest bit of a gauge's cell says that it was written, the others hold the signed value: a
  // gauge that is back at 0 still shows under `usedonly`.
  static constexpr uint64_t kTouched = 1;

  uint32_t index_ = cells::kScratch;
};

// Counts values (milliseconds, bytes) in buckets. Thread: any.
class Histogram {
 public:
  constexpr Histogram() = default;
  constexpr explicit Histogram(uint32_t index) : index_(index) {}

  void Record(uint64_t value) const {
    cells::Cell& cell = cells::Mine(index_);
    auto* mine = reinterpret_cast<ThreadHistogram*>(cell.load(std::memory_order_relaxed));
    if (mine == nullptr) [[unlikely]]
      mine = &ThreadHistogram::CreateIn(cell);
    mine->Record(value);
  }

  // Everything that all threads recorded.
  HistogramTotals Totals() const;

 private:
  uint32_t index_ = cells::kScratchHistogram;
};

}  // namespace outrigger::stats
