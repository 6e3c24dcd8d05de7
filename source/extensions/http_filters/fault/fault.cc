#include "source/extensions/http_filters/fault/fault.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "source/event/timer.h"
#include "source/extensions/http_filters/fault/settings.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::fault {
namespace {

using http::Verdict;
using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"delays_injected", Kind::kCounter},
    stats::Metric{"aborts_injected", Kind::kCounter},
    stats::Metric{"faults_overflow", Kind::kCounter},
    stats::Metric{"active_faults", Kind::kGauge},
};

// What a factory and its streams share.
struct Shared {
  std::shared_ptr<const Settings> settings;
  stats::GroupPtr group;
  stats::Counter delays_injected, aborts_injected, faults_overflow;
  stats::Gauge active_faults;
  // The same as the gauge, which is a sum over threads and too slow to ask for every request.
  mutable std::atomic<uint64_t> active = 0;
};

// Two numbers of one stream's, so that a share of delays has nothing to do with one of aborts.
uint64_t SecondDraw(uint64_t random) {
  uint64_t x = random + 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Fault final : public http::HttpFilter {
 public:
  Fault(const Shared& shared, http::FilterStream& stream) : shared_(shared), stream_(stream) {}
  ~Fault() override { EndFault(); }

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    const auto* of_route = dynamic_cast<const Settings*>(stream_.route_config());
    const Settings& settings = of_route != nullptr ? *of_route : *shared_.settings;
    if (!settings.Concerns(head, view)) return Verdict::Decline();
    const auto delay = settings.DelayOf(head, view.random());
    abort_ = settings.AbortOf(head, SecondDraw(view.random()));
    if (!delay && !abort_) return Verdict::Decline();
    if (!BeginFault(settings)) {
      shared_.faults_overflow.Increment();
      return Verdict::Decline();
    }
    if (!delay) return GoOn();
    shared_.delays_injected.Increment();
    view.summary().Set(http::ResponseFlag::kDelayInjected);
    timer_.emplace(view.loop(), [this] { stream_.ResumeRequest(GoOn()); });
    timer_->Arm(*delay);
    return Verdict::Pause();
  }

 private:
  // False: there are as many as there may be.
  [[nodiscard]] bool BeginFault(const Settings& settings) {
    const uint64_t before = shared_.active.fetch_add(1, std::memory_order_relaxed);
    if (settings.max_active() && before >= *settings.max_active()) {
      shared_.active.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    is_active_ = true;
    shared_.active_faults.Increment();
    return true;
  }

  void EndFault() {
    if (!std::exchange(is_active_, false)) return;
    shared_.active.fetch_sub(1, std::memory_order_relaxed);
    shared_.active_faults.Decrement();
  }

  // Behind the delay, if there was one.
  Verdict GoOn() {
    EndFault();
    if (!abort_) return Verdict::Continue();
    shared_.aborts_injected.Increment();
    return Verdict::Reply({.status = abort_->http_status,
                           .detail = "fault_filter_abort",
                           .body = "fault filter abort",
                           .flag = http::ResponseFlag::kFaultInjected,
                           .grpc_status = abort_->grpc_status});
  }

  const Shared& shared_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  std::optional<event::Timer> timer_;
  std::optional<Abort> abort_;
  bool is_active_ = false;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  auto shared = std::make_shared<Shared>();
  shared->settings = Settings::Read(config, config::Place(findings), context);
  if (findings.size() > 0) return findings.ToStatus();
  shared->group = context.stats().Declare(
      stats::HttpScope(context.stat_prefix()).Child("fault.", "fault."), kTable);
  shared->delays_injected = shared->group->counter(0);
  shared->aborts_injected = shared->group->counter(1);
  shared->faults_overflow = shared->group->counter(2);
  shared->active_faults = shared->group->gauge(3);
  return http::HttpFilterFactory(
      [shared](http::FilterStream& stream) { return std::make_unique<Fault>(*shared, stream); });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context) {
  config::Findings findings;
  auto settings = Settings::Read(config, config::Place(findings), context);
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(settings));
}

}  // namespace outrigger::fault
