#include "source/xds/subscription_counters.h"

#include "source/base/fingerprint.h"

namespace outrigger::xds {
namespace {

using stats::IndexOf;

constexpr uint64_t kMaxGauge = (uint64_t{1} << 62) - 1;

}  // namespace

SubscriptionCounters::SubscriptionCounters(stats::Store& store, const stats::Scope& scope)
    : group_(store.Declare(scope, kSubscriptionTable)) {
  attempt = group_->counter(IndexOf(kSubscriptionTable, "update_attempt"));
  success = group_->counter(IndexOf(kSubscriptionTable, "update_success"));
  rejected = group_->counter(IndexOf(kSubscriptionTable, "update_rejected"));
  failure = group_->counter(IndexOf(kSubscriptionTable, "update_failure"));
  init_fetch_timeout = group_->counter(IndexOf(kSubscriptionTable, "init_fetch_timeout"));
}

void SubscriptionCounters::SetAccepted(std::string_view version, absl::Time now,
                                       absl::Duration apply_time) const {
  success.Increment();
  if (group_ == nullptr) return;
  group_->gauge(IndexOf(kSubscriptionTable, "update_time"))
      .Set(static_cast<uint64_t>(absl::ToUnixMillis(now)));
  // Envoy shows all 64 bits of the hash; a gauge holds 62.
  group_->gauge(IndexOf(kSubscriptionTable, "version")).Set(base::XxHash64(version) & kMaxGauge);
  group_->SetText(IndexOf(kSubscriptionTable, "version_text"), version);
  group_->histogram(IndexOf(kSubscriptionTable, "config_apply_ms"))
      .Record(static_cast<uint64_t>(absl::ToInt64Milliseconds(apply_time)));
}

}  // namespace outrigger::xds
