#include "source/stats/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace outrigger::stats {

ThreadHistogram& ThreadHistogram::CreateIn(cells::Cell& cell) {
  auto* created = new ThreadHistogram;
  // Release: a reader that finds the pointer must find the object behind it.
  cell.store(reinterpret_cast<uint64_t>(created), std::memory_order_release);
  return *created;
}

ThreadHistogram::~ThreadHistogram() {
  for (auto& octave : octaves_) delete octave.load(std::memory_order_relaxed);
}

ThreadHistogram::Octave& ThreadHistogram::AddOctave(uint32_t index) {
  auto* added = new Octave;
  octaves_[index].store(added, std::memory_order_release);
  return *added;
}

void HistogramTotals::Add(const ThreadHistogram& part) {
  if (counts_.empty()) counts_.resize(kHistogramBuckets);
  for (uint32_t i = 0; i < kHistogramOctaves; ++i) {
    const auto* octave = part.octaves_[i].load(std::memory_order_acquire);
    if (octave == nullptr) continue;
    for (uint32_t j = 0; j < kBucketsPerOctave; ++j) {
      const uint64_t count = octave->counts[j].load(std::memory_order_relaxed);
      counts_[i * kBucketsPerOctave + j] += count;
      count_ += count;
    }
  }
  sum_ += part.sum_.load(std::memory_order_relaxed);
}

HistogramTotals HistogramTotals::Since(const HistogramTotals& earlier) const {
  HistogramTotals since = *this;
  for (size_t i = 0; i < earlier.counts_.size(); ++i) since.counts_[i] -= earlier.counts_[i];
  since.count_ -= earlier.count_;
  since.sum_ -= earlier.sum_;
  return since;
}

double HistogramTotals::Quantile(double quantile) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  // The rank of the value looked for, from 1; P0 is the smallest value, P100 the largest.
  const double rank =
      std::clamp(quantile * static_cast<double>(count_), 1.0, static_cast<double>(count_));
  uint64_t before = 0;
  for (uint32_t i = 0; i < kHistogramBuckets; ++i) {
    if (counts_[i] == 0) continue;
    if (static_cast<double>(before + counts_[i]) >= rank) {
      const auto low = static_cast<double>(BucketLow(i));
      // Integers are counted, so the largest value of a bucket is one below the next one's lowest.
      const double high = static_cast<double>(BucketLow(i + 1)) - 1;
      if (counts_[i] == 1) return (low + high) / 2;
      const double into =
          (rank - static_cast<double>(before) - 1) / static_cast<double>(counts_[i] - 1);
      return low + (high - low) * std::max(into, 0.0);
    }
    before += counts_[i];
  }
  return static_cast<double>(kHistogramMax);
}

void HistogramTotals::ForEachBucket(
    absl::FunctionRef<void(uint64_t low, uint64_t width, uint64_t count)> see) const {
  for (uint32_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) see(BucketLow(i), BucketLow(i + 1) - BucketLow(i), counts_[i]);
  }
}

uint64_t HistogramTotals::CountUpTo(double bound) const {
  uint64_t count = 0;
  for (uint32_t i = 0; i < counts_.size(); ++i) {
    if (static_cast<double>(BucketLow(i)) > bound) break;
    count += counts_[i];
  }
  return count;
}

}  // namespace outrigger::stats
