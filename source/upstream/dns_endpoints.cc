#include "source/upstream/dns_endpoints.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/text.h"

namespace outrigger::upstream {

DnsEndpoints::DnsEndpoints(event::Loop& loop, net::DnsResolver& resolver, Random& random,
                           std::shared_ptr<const ClusterSpec> spec,
                           const MembershipCounters& counters, std::function<void()> on_answer)
    : resolver_(resolver),
      random_(random),
      spec_(std::move(spec)),
      counters_(counters),
      on_answer_(std::move(on_answer)),
      unanswered_(spec_->dns_names.size()) {
  for (const DnsName& dns : spec_->dns_names) {
    const size_t at = names_.size();
    names_.push_back(std::make_unique<Name>(loop, dns, [this, at] { Resolve(*names_[at]); }));
  }
  for (const auto& name : names_) Resolve(*name);
}

DnsEndpoints::~DnsEndpoints() = default;

void DnsEndpoints::Resolve(Name& name) {
  counters_.update_attempt.Increment();
  name.lookup = resolver_.Resolve(
      name.dns.name, spec_->dns_family,
      [this, &name](const absl::StatusOr<net::DnsAnswer>& answer) { OnAnswer(name, answer); });
}

void DnsEndpoints::OnAnswer(Name& name, const absl::StatusOr<net::DnsAnswer>& answer) {
  if (!std::exchange(name.is_answered, true)) --unanswered_;
  (answer.ok() ? counters_.update_success : counters_.update_failure).Increment();
  if (answer.ok()) name.addresses = answer->addresses;
  name.refresh.Arm(RefreshAfter(name, answer));
  if (unanswered_ == 0) on_answer_();
}

base::Milliseconds DnsEndpoints::RefreshAfter(Name& name,
                                              const absl::StatusOr<net::DnsAnswer>& answer) {
  base::Milliseconds after = spec_->dns_refresh;
  if (!answer.ok()) {
    after = std::max(name.next_failure_refresh, spec_->dns_failure_refresh);
    name.next_failure_refresh =
        std::max(spec_->dns_failure_refresh, std::min(2 * after, spec_->dns_failure_refresh_max));
  } else {
    name.next_failure_refresh = base::Milliseconds(0);
    if (spec_->respect_dns_ttl && answer->ttl.count() > 0) after = answer->ttl;
  }
  if (spec_->dns_jitter.count() == 0) return after;
  constexpr int64_t kMax = 0xffffffff;
  const auto jitter = static_cast<uint32_t>(std::min<int64_t>(spec_->dns_jitter.count(), kMax));
  return after + base::Milliseconds(random_.Below(jitter));
}

void DnsEndpoints::AddLogical(const Name& name, EndpointSet& set) {
  set.logical_name = base::StrCat(name.dns.name, ":", name.dns.port);
  if (name.addresses.empty()) return;
  auto endpoint = std::make_shared<Endpoint>(name.dns.like);
  for (const net::Address& address : name.addresses) {
    endpoint->addresses.push_back(address.WithPort(name.dns.port));
  }
  if (endpoint->hostname.empty()) endpoint->hostname = name.dns.name;
  set.endpoints.push_back(std::move(endpoint));
}

EndpointSet DnsEndpoints::Endpoints() const {
  EndpointSet set;
  set.overprovisioning_factor_percent = spec_->overprovisioning_factor_percent;
  if (spec_->discovery == Discovery::kLogicalDns) {
    AddLogical(*names_.front(), set);
    return set;
  }
  for (const auto& name : names_) {
    for (const net::Address& address : name->addresses) {
      auto endpoint = std::make_shared<Endpoint>(name->dns.like);
      endpoint->addresses = {address.WithPort(name->dns.port)};
      if (endpoint->hostname.empty()) endpoint->hostname = name->dns.name;
      set.endpoints.push_back(std::move(endpoint));
    }
  }
  return set;
}

std::string DnsEndpoints::waits_for() const {
  for (const auto& name : names_) {
    if (!name->is_answered) return name->dns.name;
  }
  return "";
}

}  // namespace outrigger::upstream
