#include "source/control/stream_set.h"

#include <utility>
#include <vector>

namespace outrigger::control {

void StreamSet::Add(std::shared_ptr<OpenStream> stream) {
  absl::MutexLock lock(&mutex_);
  const OpenStream* key = stream.get();
  streams_.emplace(key, std::move(stream));
}

void StreamSet::Remove(const OpenStream* stream) {
  std::shared_ptr<OpenStream> last;  // destroyed after the lock is gone
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  last = std::move(found->second);
  streams_.erase(found);
}

SnapshotPtr StreamSet::snapshot() const {
  absl::MutexLock lock(&mutex_);
  return snapshot_;
}

std::vector<std::shared_ptr<OpenStream>> StreamSet::Streams() const {
  std::vector<std::shared_ptr<OpenStream>> streams;
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, stream] : streams_) streams.push_back(stream);
  return streams;
}

void StreamSet::Publish(SnapshotPtr snapshot) {
  {
    absl::MutexLock lock(&mutex_);
    snapshot_ = std::move(snapshot);
  }
  // Outside the lock: a stream asks for the snapshot, and may end and remove itself.
  for (const auto& stream : Streams()) stream->Pump();
}

void StreamSet::EndAll() {
  for (const auto& stream : Streams()) stream->End();
}

}  // namespace outrigger::control
