#include "source/extensions/http_filters/health_check/health_check.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/matcher_config.h"
#include "source/config/place.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::health_check {
namespace {

using http::HeaderId;
using http::Verdict;

// The cluster's last answer, shared by the workers without a lock: its end in milliseconds and its
// status in one word.
class CachedAnswer {
 public:
  void Set(int status, base::MonoTime until) {
    word_.store(Milliseconds(until) << 16 | static_cast<uint64_t>(status),
                std::memory_order_relaxed);
  }
  std::optional<int> Get(base::MonoTime now) const {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    if (word >> 16 <= Milliseconds(now)) return std::nullopt;
    return static_cast<int>(word & 0xffff);
  }

 private:
  static uint64_t Milliseconds(base::MonoTime time) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<base::Milliseconds>(time.time_since_epoch()).count());
  }
  std::atomic<uint64_t> word_ = 0;
};

struct ClusterDemand {
  std::string name;
  double min_percent = 0;
};

// What a factory and its streams share.
struct Settings {
  bool passes_through = false;
  std::optional<base::Milliseconds> cache_time;
  std::vector<ClusterDemand> demands;
  std::vector<route::HeaderMatcher> headers;
  std::shared_ptr<const config::ServerHealth> health;
  mutable CachedAnswer cached;
};

bool IsMet(const ClusterDemand& demand, upstream::WorkerClusters& clusters) {
  const upstream::WorkerClusterRef cluster = clusters.Find(demand.name);
  if (!cluster) return false;
  const auto& endpoints = cluster->endpoints().endpoints;
  if (endpoints.empty()) return demand.min_percent == 0;
  const auto healthy = std::count_if(endpoints.begin(), endpoints.end(), [](const auto& endpoint) {
    return endpoint->is_usable() && !endpoint->is_degraded();
  });
  return static_cast<double>(healthy) * 100 >=
         demand.min_percent * static_cast<double>(endpoints.size());
}

class HealthCheck final : public http::HttpFilter {
 public:
  HealthCheck(const Settings& settings, http::FilterStream& stream)
      : settings_(settings), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    is_check_ = std::all_of(settings_.headers.begin(), settings_.headers.end(),
                            [&](const route::HeaderMatcher& m) { return m.Matches(head); });
    if (!is_check_) return Verdict::Continue();
    http::StreamView& view = stream_.stream();
    view.summary().is_health_check = true;
    if (settings_.health->is_failed) return Answer(503, "health_check_failed");
    if (settings_.passes_through) {
      const auto cached = settings_.cached.Get(view.loop().Now());
      return cached ? Answer(*cached, "health_check_cached") : Verdict::Continue();
    }
    for (const ClusterDemand& demand : settings_.demands) {
      if (!IsMet(demand, view.clusters())) return Answer(503, "health_check_cluster_unhealthy");
    }
    return Answer(200, "health_check_ok");
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool /*last*/) override {
    if (is_check_ && settings_.cache_time) {
      settings_.cached.Set(head.status, stream_.stream().loop().Now() + *settings_.cache_time);
    }
    if (settings_.health->is_failed) {
      head.headers.Set(HeaderId::kXEnvoyImmediateHealthCheckFail, "true");
    }
    return Verdict::Continue();
  }

 private:
  Verdict Answer(int status, std::string_view detail) const {
    http::LocalReply reply{.status = status, .detail = detail};
    if (status < 200 || status > 299) reply.flag = http::ResponseFlag::kFailedLocalHealthCheck;
    if (settings_.health->is_failed) {
      reply.headers.emplace_back("x-envoy-immediate-health-check-fail", "true");
    }
    return Verdict::Reply(std::move(reply));
  }

  const Settings& settings_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  bool is_check_ = false;
};

void ReadDemands(const Config& config, Settings& settings, const config::Place& root) {
  for (const auto& [cluster, percent] : config.cluster_min_healthy_percentages()) {
    if (!(percent.value() >= 0 && percent.value() <= 100)) {
      root.At("cluster_min_healthy_percentages", cluster)
          .Refuse(base::StrCat("must be from 0 to 100, got ", percent.value()));
    }
    settings.demands.push_back({cluster, percent.value()});
  }
  if (settings.passes_through && !settings.demands.empty()) {
    root.At("cluster_min_healthy_percentages").Refuse("only with pass_through_mode: false");
  }
}

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  const config::Place root(findings);
  auto settings = std::make_shared<Settings>();
  settings->health = context.health();
  if (!config.has_pass_through_mode()) root.At("pass_through_mode").Refuse("must be given");
  settings->passes_through = config.pass_through_mode().value();
  if (config.has_cache_time()) {
    const config::Place at = root.At("cache_time");
    settings->cache_time = config::ReadLimit(config.cache_time(), at);
    if (!settings->passes_through) at.Refuse("only with pass_through_mode: true");
  }
  ReadDemands(config, *settings, root);
  for (int i = 0; i < config.headers_size(); ++i) {
    auto matcher = config::ReadHeaderMatcher(config.headers(i), root.At("headers", i));
    if (matcher) settings->headers.push_back(*std::move(matcher));
  }
  if (findings.size() > 0) return findings.ToStatus();
  return http::HttpFilterFactory([settings](http::FilterStream& stream) {
    return std::make_unique<HealthCheck>(*settings, stream);
  });
}

}  // namespace outrigger::health_check
