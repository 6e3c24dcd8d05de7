#include "source/server/worker.h"
#include "source/base/text.h"

#include <pthread.h>

namespace outrigger::server {

Worker::Worker(uint32_t index, const base::Clock& clock)
    : index_(index),
      loop_(clock),
      clusters_(loop_),
      for_listeners_(loop_, clusters_),
      random_(reinterpret_cast<uintptr_t>(this)),
      drain_timer_(loop_, [this] { DrainRound(); }) {}

Worker::~Worker() { Join(); }

void Worker::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), base::StrCat("worker:", index_).c_str());
    loop_.Run();
    // Connections, pools and slots hold memory of this thread's free lists: they end here.
    listeners_.clear();
    draining_.clear();
    drain_timer_.Cancel();
    clusters_.Clear();
    loop_.RunOnce();
  });
}

void Worker::Post(absl::AnyInvocable<void(Worker&)> work) {
  loop_.Post([this, work = std::move(work)]() mutable { work(*this); });
}

void Worker::Drain(uint64_t listener, base::Milliseconds drain_time,
                   absl::AnyInvocable<void()> on_gone) {
  auto node = listeners_.extract(listener);
  if (node.empty()) return on_gone();
  Draining& draining = draining_[listener];
  draining.listener = std::move(node.mapped());
  draining.on_gone = std::move(on_gone);
  draining.deadline =
      std::make_unique<event::Timer>(loop_, [this, listener] { EndDraining(listener); });
  draining.deadline->Arm(drain_time);
  // Posted: the last connection may be ending right now, on the listener's own stack.
  draining.listener->set_on_empty(
      [this, listener] { loop_.Post([this, listener] { EndDraining(listener); }); });
  draining.listener->Drain(false);
}

void Worker::EndDraining(uint64_t listener) {
  auto node = draining_.extract(listener);
  if (node.empty()) return;
  node.mapped().listener->CloseAll();
  // Its connections are destroyed by the loop and look at the listener's slot until then.
  loop_.Post(
      [draining = std::make_shared<Draining>(std::move(node.mapped()))] { draining->on_gone(); });
}

void Worker::DrainOutdated(base::Milliseconds window) {
  drain_rounds_left_ = kDrainRounds;
  drain_round_ = std::max(window / kDrainRounds, base::Milliseconds(1));
  drain_timer_.Arm(drain_round_);
}

// Of what is left, each goes with equal chance in each round that is left: evenly over the window,
// without a mark on any connection.
void Worker::DrainRound() {
  const auto goes = [this] { return random_.Below(drain_rounds_left_) == 0; };
  for (auto& [id, listener] : listeners_) listener->DrainOutdated(goes);
  clusters_.RetireOutdated(goes);
  if (--drain_rounds_left_ > 0) drain_timer_.Arm(drain_round_);
}

void Worker::Join() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

}  // namespace outrigger::server
