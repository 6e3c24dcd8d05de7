#pragma once

#include <condition_variable>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "source/base/mutex.h"
#include "source/event/loop.h"
#include "source/event/operation.h"

namespace outrigger::xds {

// One thread beside a loop, for work that would stall it: decoding and compiling configuration.
// Owner: the server, or whoever runs the loop.  Thread: the loop's.
// Lifetime: the destructor waits for the job that is running and drops the others.
// Limits: none of its own; each user has a bounded number of jobs under way.
class CompileThread final {
 public:
  explicit CompileThread(event::Loop& loop);
  ~CompileThread();
  CompileThread(const CompileThread&) = delete;
  CompileThread& operator=(const CompileThread&) = delete;

  // Runs `work` on the thread, then `done` on the loop, both in the order of the calls. Destroying
  // the Operation keeps `done` from running; `work` may still run, so what it refers to must
  // outlive this thread or be owned by it.
  event::Operation Run(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done);
  // `work` with nobody to tell.
  void Run(absl::AnyInvocable<void()> work);

 private:
  void RunJobs();

  event::Loop& loop_;
  // Posting to a thread without a loop needs a lock.
  base::Mutex mutex_;
  std::condition_variable_any has_work_;
  std::vector<absl::AnyInvocable<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace outrigger::xds
