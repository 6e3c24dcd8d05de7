#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "source/stats/cells.h"

// Log-linear buckets: 8 to each power of two, so a value is known to 1 part in 8 at worst (6 % when
// taken from the middle), and exactly below 16. Values above 2^40 count as 2^40.
namespace outrigger::stats {

inline constexpr uint32_t kBucketsPerOctave = 8;
inline constexpr uint32_t kHistogramOctaves = 39;
inline constexpr uint32_t kHistogramBuckets = kBucketsPerOctave * kHistogramOctaves;
inline constexpr uint64_t kHistogramMax = uint64_t{1} << 40;

constexpr uint32_t BucketOf(uint64_t value) {
  if (value < kBucketsPerOctave) return static_cast<uint32_t>(value);
  if (value > kHistogramMax) value = kHistogramMax;
  const uint32_t exponent = static_cast<uint32_t>(std::bit_width(value)) - 4;
  return exponent * kBucketsPerOctave + static_cast<uint32_t>(value >> exponent);
}

// The smallest value of a bucket; bucket i holds [BucketLow(i), BucketLow(i + 1)).
constexpr uint64_t BucketLow(uint32_t bucket) {
  if (bucket < 2 * kBucketsPerOctave) return bucket;
  const uint32_t exponent = bucket / kBucketsPerOctave - 1;
  return uint64_t{bucket % kBucketsPerOctave + kBucketsPerOctave} << exponent;
}
static_assert(BucketOf(kHistogramMax) < kHistogramBuckets);

// One thread's part of one histogram; each octave is one cache line, allocated when first hit.
// Owner: the cell that points to it, until cells::TakeEachThread.
// Thread: written by the cell's thread, read by any.
class ThreadHistogram {
 public:
  // Allocates one and publishes it in `cell`, which belongs to the calling thread.
  static ThreadHistogram& CreateIn(cells::Cell& cell);
  ~ThreadHistogram();

  void Record(uint64_t value) {
    const uint32_t bucket = BucketOf(value);
    Octave* octave = octaves_[bucket / kBucketsPerOctave].load(std::memory_order_relaxed);
    if (octave == nullptr) [[unlikely]]
      octave = &AddOctave(bucket / kBucketsPerOctave);
    AddTo(octave->counts[bucket % kBucketsPerOctave], 1);
    AddTo(sum_, value);
  }

 private:
  friend class HistogramTotals;
  struct alignas(64) Octave {
    std::array<std::atomic<uint64_t>, kBucketsPerOctave> counts = {};
  };

  static void AddTo(std::atomic<uint64_t>& cell, uint64_t amount) {
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  Octave& AddOctave(uint32_t index);

  std::atomic<uint64_t> sum_{0};
  std::array<std::atomic<Octave*>, kHistogramOctaves> octaves_ = {};
};

// A histogram as a reader sees it: the merged buckets of all threads over some time.
class HistogramTotals {
 public:
  void Add(const ThreadHistogram& part);
  // What came on top of `earlier`, which is a past state of the same histogram.
  HistogramTotals Since(const HistogramTotals& earlier) const;

  uint64_t count() const { return count_; }
  uint64_t sum() const { return sum_; }
  // `quantile` in [0, 1], linear inside a bucket, exact where a bucket is one value; NaN when
  // nothing was recorded.
  double Quantile(double quantile) const;
  // Each bucket that holds something, in ascending order: values from `low` to below `low` +
  // `width`.
  void ForEachBucket(
      absl::FunctionRef<void(uint64_t low, uint64_t width, uint64_t count)> see) const;
  // How many values were at most `bound`; a bucket counts whole where its lowest value does.
  uint64_t CountUpTo(double bound) const;

 private:
  std::vector<uint64_t> counts_;  // empty, or kHistogramBuckets
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace outrigger::stats
