#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "source/base/mutex.h"
#include "source/stats/metric.h"
#include "source/stats/scope.h"

namespace outrigger::stats {

class Store;

// The statistics of one scope that one table declares, `cluster.backend.*` say: a contiguous range
// of indexes. While nobody counts in it, it costs this object and nothing per statistic.
// Owner: shared by the snapshots whose code holds its handles; a handle must not outlive it. When
// the last holder goes, the statistics are gone from every listing and their indexes serve others.
// Thread: any; handles are taken when configuration is compiled, not on the request path.
//
// Shared from `const`: a weak_ptr<Group> turns into a weak_ptr<const Group> by way of a shared_ptr,
// which may become the last holder while the store's mutex is held.
class Group : public std::enable_shared_from_this<const Group> {
 public:
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // The handle of line `at` of the table, which must be of that kind.
  Counter counter(size_t at) const;
  CounterRange counters(size_t first, size_t count) const;
  Gauge gauge(size_t at) const;
  Histogram histogram(size_t at) const;
  void SetText(size_t at, std::string_view value) const;

  const Scope& scope() const { return scope_; }
  std::span<const Metric> table() const { return table_; }

  // Reading. A counter's or a gauge's sum over all threads.
  uint64_t Value(size_t at) const;
  std::string Text(size_t at) const;
  HistogramTotals Cumulative(size_t at) const;
  // What was recorded between the last two calls of Store::FlushHistograms.
  HistogramTotals Interval(size_t at) const;
  // Whether it was written since the process started.
  bool IsUsed(size_t at) const;

 private:
  friend class Store;
  // A table of one line that was declared at run time, with its name.
  struct OwnedLine {
    std::string name;
    Metric metric;
  };
  // What only some groups need, once they are written.
  struct ReadSide {
    struct Flushed {
      HistogramTotals total;
      HistogramTotals interval;
    };
    absl::flat_hash_map<size_t, std::string> texts;
    absl::flat_hash_map<size_t, Flushed> flushed;
  };

  Group(Store& store, Scope scope, std::span<const Metric> table, std::unique_ptr<OwnedLine> own);
  void Flush() const;
  void ResetCounters() const;
  uint32_t Index(size_t at, Kind kind) const;

  Store& store_;
  const Scope scope_;
  const std::unique_ptr<const OwnedLine> own_line_;
  const std::span<const Metric> table_;
  const uint32_t first_;
  // Taken by whoever sets a text or flushes and whoever lists: never while counting.
  mutable base::Mutex mutex_;
  mutable std::unique_ptr<ReadSide> read_side_ ABSL_GUARDED_BY(mutex_);
};

using GroupPtr = std::shared_ptr<const Group>;

// Everything that is counted, by name.
// Owner: the process. Outlives its groups.
// Thread: any; one mutex, since declaring and listing happen when configuration changes and when
// somebody asks, never on the request path.
class Store {
 public:
  Store() = default;
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The statistics of `table` under `scope`. The same scope and table again gives the same group,
  // so a cluster that is replaced by a new version of itself goes on counting. `table` has static
  // storage. A full name may be in one table only.
  GroupPtr Declare(const Scope& scope, std::span<const Metric> table);
  // A single statistic whose name is known only now.
  GroupPtr DeclareOne(const Scope& scope, std::string_view name, Kind kind);

  // All groups, by prefix; holding one keeps its statistics.
  std::vector<GroupPtr> Groups() const;
  // A counter's or a gauge's value by its full name.
  std::optional<uint64_t> Value(std::string_view full_name) const;

  // Ends an interval of all histograms; the server calls it at every stats flush.
  void FlushHistograms();
  void ResetCounters();

 private:
  friend class Group;
  struct Key {
    std::string_view prefix;
    const Metric* table;  // null: a single statistic, by its name
    std::string_view own_name;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.prefix, key.table, key.own_name);
    }
  };
  struct HashByKey {
    using is_transparent = void;
    size_t operator()(const Key& key) const { return absl::Hash<Key>()(key); }
    size_t operator()(const Group* group) const { return (*this)(KeyOf(*group)); }
  };
  struct EqualByKey {
    using is_transparent = void;
    bool operator()(const Group* a, const Group* b) const { return KeyOf(*a) == KeyOf(*b); }
    bool operator()(const Group* a, const Key& b) const { return KeyOf(*a) == b; }
    bool operator()(const Key& a, const Group* b) const { return a == KeyOf(*b); }
  };
  static Key KeyOf(const Group& group);

  GroupPtr Find(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  GroupPtr Add(Group* created) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(const Group& group);

  mutable base::Mutex mutex_;
  // Every living group, and possibly one whose last holder just went and which waits in Forget.
  absl::flat_hash_set<const Group*, HashByKey, EqualByKey> groups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace outrigger::stats
