#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "source/base/mutex.h"
#include "source/stats/store.h"

namespace outrigger::http::grpc {

// A gRPC method as its path names it: /service/method.
struct MethodName {
  std::string_view service;  // empty, with the method: counted together with others
  std::string_view method;
  bool operator==(const MethodName&) const = default;
};
// Nothing when the path is not of that form. A query does not count.
std::optional<MethodName> ParseMethodPath(std::string_view path);

// What is counted for one method on one cluster,
// `cluster.<cluster>.<protocol>.<service>.<method>.`. Thread: any.
class MethodTally {
 public:
  MethodTally(stats::Store& store, const stats::Scope& scope);

  // A call that ended with this grpc-status.
  void CountEnd(uint32_t status) const;
  void CountRequestMessages(uint64_t count) const { request_messages_.Add(count); }
  void CountResponseMessages(uint64_t count) const { response_messages_.Add(count); }
  void RecordTime(uint64_t milliseconds) const { time_.Record(milliseconds); }

 private:
  stats::GroupPtr group_;
  stats::CounterRange codes_;
  stats::Counter success_, failure_, total_, request_messages_, response_messages_;
  stats::Histogram time_;
};

// The tallies of all methods that are called, on all clusters.
// Owner: a filter's factory.  Thread: any. A method that was called before is found without a lock.
// Limits: kMaxMethods of them; those that come later are counted together, by cluster, for
// kMaxClusters clusters; what comes after those is not counted.
class MethodCounters final {
 public:
  static constexpr size_t kMaxMethods = 1000;
  static constexpr size_t kMaxClusters = 1000;

  // `protocol`: "grpc" or "grpc-web".
  MethodCounters(stats::Store& store, std::string_view protocol, bool replaces_dots = false)
      : store_(store), protocol_(protocol), replaces_dots_(replaces_dots) {}
  MethodCounters(const MethodCounters&) = delete;
  MethodCounters& operator=(const MethodCounters&) = delete;

  // Null: over the limits. Lives as long as this.
  const MethodTally* Find(std::string_view cluster, const MethodName& name) const;

 private:
  struct Entry {
    std::string cluster, service, method;
    MethodTally tally;
  };
  // Open addressing, at most half full. A slot is written once, under the mutex.
  struct Table {
    explicit Table(size_t size) : slots(size) {}
    std::vector<std::atomic<const Entry*>> slots;  // a power of two
  };

  // Of the table that was the largest when it was read: an entry that came since is found under the
  // mutex.
  static const Entry* Probe(const Table* table, size_t hash, std::string_view cluster,
                            const MethodName& name);
  static void Insert(Table& table, const Entry* entry);
  const Entry* Add(std::string_view cluster, const MethodName& name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  stats::Scope ScopeOf(std::string_view cluster, const MethodName& name) const;

  stats::Store& store_;
  const std::string_view protocol_;  // a literal
  const bool replaces_dots_;
  mutable std::atomic<const Table*> table_ = nullptr;  // the largest; null before the first call
  // Taken at the first call of a method only. Posting will not do: the call that is there now wants
  // its tally.
  mutable base::Mutex mutex_;
  mutable std::vector<std::unique_ptr<Table>> tables_ ABSL_GUARDED_BY(mutex_);  // for readers
  mutable std::vector<std::unique_ptr<const Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  mutable size_t methods_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable size_t clusters_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace outrigger::http::grpc
