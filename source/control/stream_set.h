#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "source/control/snapshot.h"

namespace outrigger::control {

// An ADS stream of either variant, as those see it who feed all streams.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  // Sends what there is to send now. May be called at any time, also after the stream has ended.
  virtual void Pump() = 0;
  // Ends the stream once what is being written is out.
  virtual void End() = 0;
};

// The open streams and the snapshot that they serve.
// Owner: AdsService.  Thread: any. A mutex, since gRPC calls each stream on threads of its own.
class StreamSet {
 public:
  void Add(std::shared_ptr<OpenStream> stream);
  void Remove(const OpenStream* stream);

  SnapshotPtr snapshot() const;
  void Publish(SnapshotPtr snapshot);
  void EndAll();

 private:
  std::vector<std::shared_ptr<OpenStream>> Streams() const;

  mutable absl::Mutex mutex_;
  SnapshotPtr snapshot_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const Snapshot>();
  std::map<const OpenStream*, std::shared_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace outrigger::control
