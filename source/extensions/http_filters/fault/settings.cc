#include "source/extensions/http_filters/fault/settings.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/matcher_config.h"
#include "source/config/runtime_values.h"
#include "source/http/grpc/status.h"
#include "source/route/route.h"

namespace outrigger::fault {
namespace {

using envoy::extensions::filters::http::fault::v3::FaultAbort;
using envoy::type::v3::FractionalPercent;

constexpr uint32_t kMillion = 1'000'000;

std::optional<uint64_t> NumberIn(const http::RequestHead& head, std::string_view name) {
  const auto text = head.headers.Get(name);
  return text ? base::ParseNumber<uint64_t>(*text) : std::nullopt;
}

uint32_t DenominatorOf(const FractionalPercent& share) {
  switch (share.denominator()) {
    case FractionalPercent::TEN_THOUSAND:
      return 10'000;
    case FractionalPercent::MILLION:
      return kMillion;
    default:
      return 100;
  }
}

// A request may ask for a smaller share than the configuration's, in its denominator.
uint32_t ShareOf(const http::RequestHead& head, std::string_view name, uint32_t per_million,
                 uint32_t denominator) {
  const auto wanted = NumberIn(head, name);
  if (!wanted || *wanted > denominator) return per_million;
  return std::min(per_million, static_cast<uint32_t>(*wanted * kMillion / denominator));
}

uint32_t PerMillion(const config::FactoryContext& context, std::string_view key,
                    std::string_view standard_key, const FractionalPercent& share) {
  return context.runtime().PerMillion(key.empty() ? standard_key : key, share);
}

std::optional<double> RuntimeNumber(const config::FactoryContext& context, std::string_view key,
                                    std::string_view standard_key) {
  return context.runtime().Number(key.empty() ? standard_key : key);
}

void CheckHttpStatus(int64_t status, const config::Place& place) {
  if (status >= 200 && status <= 599) return;
  place.At("http_status").Refuse(base::StrCat("must be from 200 to 599, got ", status));
}

void CheckGrpcStatus(int64_t status, const config::Place& place) {
  if (status >= 0 && status <= 16) return;
  place.At("grpc_status").Refuse(base::StrCat("must be from 0 to 16, got ", status));
}

Abort GrpcAbort(int code) {
  return {.http_status = http::grpc::HttpStatusOf(static_cast<http::grpc::Code>(code)),
          .grpc_status = code};
}

}  // namespace

std::shared_ptr<const Settings> Settings::Read(const Proto& config, const config::Place& place,
                                               const config::FactoryContext& context) {
  auto settings = std::make_shared<Settings>();
  const size_t before = place.findings().size();
  if (config.has_delay()) settings->ReadDelay(config, place.At("delay"), context);
  if (config.has_abort()) settings->ReadAbort(config, place.At("abort"), context);
  settings->upstream_cluster_ = config.upstream_cluster();
  for (int i = 0; i < config.headers_size(); ++i) {
    auto matcher = config::ReadHeaderMatcher(config.headers(i), place.At("headers", i));
    if (matcher) settings->headers_.push_back(*std::move(matcher));
  }
  settings->downstream_nodes_ = {config.downstream_nodes().begin(),
                                 config.downstream_nodes().end()};
  if (config.has_max_active_faults()) settings->max_active_ = config.max_active_faults().value();
  if (const auto number = RuntimeNumber(context, config.max_active_faults_runtime(),
                                        "fault.http.max_active_faults")) {
    settings->max_active_ = static_cast<uint64_t>(std::max(*number, 0.0));
  }
  if (place.findings().size() > before) return nullptr;
  return settings;
}

void Settings::ReadDelay(const Proto& config, const config::Place& place,
                         const config::FactoryContext& context) {
  const auto& from = config.delay();
  Delay delay{.per_million = PerMillion(context, config.delay_percent_runtime(),
                                        "fault.http.delay.fixed_delay_percent", from.percentage()),
              .denominator = DenominatorOf(from.percentage())};
  if (from.has_fixed_delay()) {
    delay.duration = config::ReadPositiveDuration(from.fixed_delay(), place.At("fixed_delay"));
    if (const auto number = RuntimeNumber(context, config.delay_duration_runtime(),
                                          "fault.http.delay.fixed_duration_ms")) {
      delay.duration = base::Milliseconds(static_cast<int64_t>(std::clamp(*number, 0.0, 1e12)));
    }
  } else if (!from.has_header_delay()) {
    place.Refuse("must hold one of fixed_delay, header_delay");
  }
  delay_ = delay;
}

void Settings::ReadAbort(const Proto& config, const config::Place& place,
                         const config::FactoryContext& context) {
  const FaultAbort& from = config.abort();
  AbortRule rule{.per_million = PerMillion(context, config.abort_percent_runtime(),
                                           "fault.http.abort.abort_percent", from.percentage()),
                 .denominator = DenominatorOf(from.percentage())};
  switch (from.error_type_case()) {
    case FaultAbort::kHttpStatus: {
      const auto number = RuntimeNumber(context, config.abort_http_status_runtime(),
                                        "fault.http.abort.http_status");
      const int64_t status =
          number ? static_cast<int64_t>(std::clamp(*number, 0.0, 1000.0)) : from.http_status();
      CheckHttpStatus(status, place);
      rule.abort = Abort{.http_status = static_cast<int>(status)};
      break;
    }
    case FaultAbort::kGrpcStatus: {
      const auto number = RuntimeNumber(context, config.abort_grpc_status_runtime(),
                                        "fault.http.abort.grpc_status");
      const int64_t status =
          number ? static_cast<int64_t>(std::clamp(*number, -1.0, 1000.0)) : from.grpc_status();
      CheckGrpcStatus(status, place);
      if (status >= 0 && status <= 16) rule.abort = GrpcAbort(static_cast<int>(status));
      break;
    }
    case FaultAbort::kHeaderAbort:
      break;
    default:
      place.Refuse("must hold one of http_status, grpc_status, header_abort");
  }
  abort_ = rule;
}

bool Settings::Concerns(const http::RequestHead& head, http::StreamView& view) const {
  if (!upstream_cluster_.empty()) {
    const route::Route* found = view.route();
    if (found == nullptr) return false;
    const auto* forward = std::get_if<route::ForwardAction>(&found->spec().action);
    if (forward == nullptr || forward->weighted.size() != 1 ||
        forward->weighted[0].cluster.name != upstream_cluster_) {
      return false;
    }
  }
  if (!downstream_nodes_.empty()) {
    const auto node = head.headers.Get("x-envoy-downstream-service-node");
    if (!node || std::find(downstream_nodes_.begin(), downstream_nodes_.end(), *node) ==
                     downstream_nodes_.end()) {
      return false;
    }
  }
  return std::all_of(headers_.begin(), headers_.end(),
                     [&](const route::HeaderMatcher& matcher) { return matcher.Matches(head); });
}

std::optional<base::Milliseconds> Settings::DelayOf(const http::RequestHead& head,
                                                    uint64_t random) const {
  if (!delay_) return std::nullopt;
  if (delay_->duration) {
    return random % kMillion < delay_->per_million ? delay_->duration : std::nullopt;
  }
  const auto wanted = NumberIn(head, "x-envoy-fault-delay-request");
  const uint32_t share = ShareOf(head, "x-envoy-fault-delay-request-percentage",
                                 delay_->per_million, delay_->denominator);
  if (!wanted || random % kMillion >= share) return std::nullopt;
  constexpr uint64_t kLongest = 3'600'000;  // an hour: what strangers may ask for
  return base::Milliseconds(static_cast<int64_t>(std::min(*wanted, kLongest)));
}

std::optional<Abort> Settings::AbortOf(const http::RequestHead& head, uint64_t random) const {
  if (!abort_) return std::nullopt;
  if (abort_->abort) {
    return random % kMillion < abort_->per_million ? abort_->abort : std::nullopt;
  }
  const uint32_t share = ShareOf(head, "x-envoy-fault-abort-request-percentage",
                                 abort_->per_million, abort_->denominator);
  if (random % kMillion >= share) return std::nullopt;
  const auto http_status = NumberIn(head, "x-envoy-fault-abort-request");
  if (http_status && *http_status >= 200 && *http_status <= 599) {
    return Abort{.http_status = static_cast<int>(*http_status)};
  }
  const auto grpc_status = NumberIn(head, "x-envoy-fault-abort-grpc-request");
  if (grpc_status && *grpc_status <= 16) return GrpcAbort(static_cast<int>(*grpc_status));
  return std::nullopt;
}

}  // namespace outrigger::fault
