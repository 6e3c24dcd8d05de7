#include "source/xds/compile_thread.h"

#include <pthread.h>

#include <memory>
#include <utility>

namespace outrigger::xds {

CompileThread::CompileThread(event::Loop& loop) : loop_(loop), thread_([this] { RunJobs(); }) {
  pthread_setname_np(thread_.native_handle(), "compile");
}

CompileThread::~CompileThread() {
  {
    base::MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  has_work_.notify_one();
  thread_.join();
}

event::Operation CompileThread::Run(absl::AnyInvocable<void()> work,
                                    absl::AnyInvocable<void()> done) {
  // Read and written on the loop's thread only; the thread just carries it there and back.
  auto is_wanted = std::make_shared<bool>(true);
  Run([this, work = std::move(work), done = std::move(done), is_wanted]() mutable {
    work();
    loop_.Post([done = std::move(done), is_wanted = std::move(is_wanted)]() mutable {
      if (*is_wanted) done();
    });
  });
  return event::Operation([is_wanted = std::move(is_wanted)] { *is_wanted = false; });
}

void CompileThread::Run(absl::AnyInvocable<void()> work) {
  {
    base::MutexLock lock(mutex_);
    jobs_.push_back(std::move(work));
  }
  has_work_.notify_one();
}

void CompileThread::RunJobs() {
  std::vector<absl::AnyInvocable<void()>> taken;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (jobs_.empty() && !is_stopping_) has_work_.wait(mutex_);
      if (is_stopping_) return;
      taken.swap(jobs_);
    }
    for (auto& job : taken) job();
    taken.clear();
  }
}

}  // namespace outrigger::xds
