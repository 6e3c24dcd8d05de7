#include "source/upstream/load_balancer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "source/upstream/weighted_choice.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {
namespace {

using Row = std::vector<WorkerEndpoint*>;

std::vector<uint32_t> WeightsOf(const Row& row) {
  std::vector<uint32_t> weights;
  for (const WorkerEndpoint* each : row) weights.push_back(std::max(1u, each->endpoint->weight));
  return weights;
}

bool AllEqual(const std::vector<uint32_t>& weights) {
  return std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>()) == weights.end();
}

// Each in turn.
class EvenRotation final : public EndpointChooser {
 public:
  EvenRotation(const Row& row, Random& random)
      : row_(row), next_(random.Below(static_cast<uint32_t>(row.size()))) {}
  WorkerEndpoint* Choose() override {
    if (next_ == row_.size()) next_ = 0;
    return row_[next_++];
  }

 private:
  const Row& row_;
  size_t next_;
};

// Each in turn, by weight.
class UnevenRotation final : public EndpointChooser {
 public:
  UnevenRotation(const Row& row, std::vector<uint32_t> weights, Random& random)
      : row_(row), rotation_(std::move(weights), random) {}
  WorkerEndpoint* Choose() override { return row_[rotation_.Next()]; }

 private:
  const Row& row_;
  WeightedRotation rotation_;
};

// One by chance.
class EvenDraw final : public EndpointChooser {
 public:
  EvenDraw(const Row& row, Random& random) : row_(row), random_(random) {}
  WorkerEndpoint* Choose() override {
    return row_[random_.Below(static_cast<uint32_t>(row_.size()))];
  }

 private:
  const Row& row_;
  Random& random_;
};

// One by chance, in proportion to weight.
class UnevenDraw final : public EndpointChooser {
 public:
  UnevenDraw(const Row& row, const std::vector<uint32_t>& weights, Random& random)
      : row_(row), draw_(weights), random_(random) {}
  WorkerEndpoint* Choose() override { return row_[draw_.Draw(random_)]; }

 private:
  const Row& row_;
  const WeightedDraw draw_;
  Random& random_;
};

// The one with the fewest requests of some drawn at random.
class LeastOfEqual final : public EndpointChooser {
 public:
  LeastOfEqual(const Row& row, uint32_t choices, Random& random)
      : row_(row), choices_(choices), random_(random) {}

  WorkerEndpoint* Choose() override {
    const auto count = static_cast<uint32_t>(row_.size());
    if (count == 1) return row_.front();
    const uint32_t first = random_.Below(count);
    WorkerEndpoint* best = row_[first];
    // The second is another one: with two endpoints both are looked at.
    uint32_t drawn = first + 1 + random_.Below(count - 1);
    for (uint32_t more = 1; more < choices_; ++more) {
      WorkerEndpoint* other = row_[drawn >= count ? drawn - count : drawn];
      if (other->active_requests < best->active_requests) best = other;
      drawn = random_.Below(count);
    }
    return best;
  }

 private:
  const Row& row_;
  const uint32_t choices_;
  Random& random_;
};

// Draws in proportion to weight, then takes the one with the fewest requests for its weight. An
// idle cluster so gives each its share, and a busy one fills them in proportion.
class LeastForWeight final : public EndpointChooser {
 public:
  LeastForWeight(const Row& row, const std::vector<uint32_t>& weights, uint32_t choices,
                 Random& random)
      : row_(row), draw_(weights), choices_(choices), random_(random) {}

  WorkerEndpoint* Choose() override {
    WorkerEndpoint* best = row_[draw_.Draw(random_)];
    for (uint32_t more = 1; more < choices_; ++more) {
      WorkerEndpoint* other = row_[draw_.Draw(random_)];
      if (LoadOf(*other) * WeightOf(*best) < LoadOf(*best) * WeightOf(*other)) best = other;
    }
    return best;
  }

 private:
  static uint64_t LoadOf(const WorkerEndpoint& endpoint) { return endpoint.active_requests; }
  static uint64_t WeightOf(const WorkerEndpoint& endpoint) { return endpoint.endpoint->weight; }

  const Row& row_;
  const WeightedDraw draw_;
  const uint32_t choices_;
  Random& random_;
};

std::unique_ptr<EndpointChooser> MakeChooser(const ClusterSpec& spec, const Row& row,
                                             Random& random) {
  std::vector<uint32_t> weights = WeightsOf(row);
  const bool is_even = AllEqual(weights);
  const uint32_t choices = std::max(1u, spec.least_request_choices);
  if (spec.lb_policy == LbPolicy::kLeastRequest) {
    if (is_even) return std::make_unique<LeastOfEqual>(row, choices, random);
    return std::make_unique<LeastForWeight>(row, weights, choices, random);
  }
  if (spec.lb_policy == LbPolicy::kRandom) {
    if (is_even) return std::make_unique<EvenDraw>(row, random);
    return std::make_unique<UnevenDraw>(row, weights, random);
  }
  if (is_even) return std::make_unique<EvenRotation>(row, random);
  return std::make_unique<UnevenRotation>(row, std::move(weights), random);
}

bool Belongs(const Endpoint& endpoint, ShareKind kind) {
  switch (kind) {
    case ShareKind::kHealthy:
      return endpoint.is_usable() && !endpoint.is_degraded();
    case ShareKind::kDegraded:
      return endpoint.is_degraded();
    case ShareKind::kAll:
      return true;
  }
  return false;
}

bool IsAmong(const Endpoint& endpoint, absl::Span<const Endpoint* const> avoid) {
  return std::any_of(avoid.begin(), avoid.end(), [&](const Endpoint* each) {
    return each == &endpoint || each->addresses == endpoint.addresses;
  });
}

}  // namespace

LoadBalancer::LoadBalancer(const ClusterSpec& spec, uint32_t overprovisioning_factor_percent,
                           absl::Span<WorkerEndpoint* const> endpoints, Random& random)
    : random_(random) {
  std::vector<PriorityHealth> priorities;
  for (const WorkerEndpoint* each : endpoints) {
    const Endpoint& endpoint = *each->endpoint;
    if (endpoint.priority >= priorities.size()) priorities.resize(endpoint.priority + 1);
    PriorityHealth& priority = priorities[endpoint.priority];
    ++priority.total;
    if (Belongs(endpoint, ShareKind::kHealthy)) ++priority.healthy;
    if (Belongs(endpoint, ShareKind::kDegraded)) ++priority.degraded;
  }
  const std::vector<PriorityShare> shares = SpreadOverPriorities(
      priorities, overprovisioning_factor_percent, spec.panic_threshold_percent);
  groups_.reserve(shares.size());  // choosers refer to the rows in them
  uint32_t percent = 0;
  for (const PriorityShare& share : shares) {
    Group& group = groups_.emplace_back();
    for (WorkerEndpoint* each : endpoints) {
      if (each->endpoint->priority == share.priority && Belongs(*each->endpoint, share.kind)) {
        group.endpoints.push_back(each);
      }
    }
    group.kind = share.kind;
    group.percent_bound = percent += share.percent;
    group.chooser = MakeChooser(spec, group.endpoints, random);
  }
}

LoadBalancer::~LoadBalancer() = default;

LoadBalancer::Group& LoadBalancer::ChooseGroup() {
  if (groups_.size() == 1) return groups_.front();
  const uint32_t percent = random_.Below(100);
  return *std::find_if(groups_.begin(), groups_.end(),
                       [&](const Group& group) { return percent < group.percent_bound; });
}

LoadBalancer::Picked LoadBalancer::Pick(absl::Span<const Endpoint* const> avoid) {
  if (groups_.empty()) return {};
  Group& group = ChooseGroup();
  WorkerEndpoint* chosen = group.chooser->Choose();
  if (!avoid.empty() && IsAmong(*chosen->endpoint, avoid)) {
    const auto count = static_cast<uint32_t>(group.endpoints.size());
    const uint32_t start = random_.Below(count);
    for (uint32_t i = 0; i < count; ++i) {
      WorkerEndpoint* other = group.endpoints[(start + i) % count];
      if (IsAmong(*other->endpoint, avoid)) continue;
      chosen = other;
      break;
    }
  }
  return {.endpoint = chosen, .is_panic = group.kind == ShareKind::kAll};
}

}  // namespace outrigger::upstream
