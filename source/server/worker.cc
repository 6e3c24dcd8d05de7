#include "source/server/worker.h"

#include <pthread.h>

#include "absl/strings/str_cat.h"

namespace outrigger::server {

Worker::Worker(uint32_t index, const base::Clock& clock)
    : index_(index), loop_(clock), clusters_(loop_), http_(loop_, clusters_) {}

Worker::~Worker() { Join(); }

void Worker::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), absl::StrCat("worker:", index_).c_str());
    loop_.Run();
    // Connections, pools and slots hold memory of this thread's free lists: they end here.
    listeners_.clear();
    clusters_.Clear();
    loop_.RunOnce();
  });
}

void Worker::Post(absl::AnyInvocable<void(Worker&)> work) {
  loop_.Post([this, work = std::move(work)]() mutable { work(*this); });
}

void Worker::Join() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

}  // namespace outrigger::server
