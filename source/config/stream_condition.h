#pragma once

#include <optional>

#include "absl/functional/any_invocable.h"
#include "envoy/config/accesslog/v3/accesslog.pb.h"
#include "source/config/place.h"
#include "source/config/runtime_values.h"
#include "source/http/stream_summary.h"

namespace outrigger::config {

// A test on a stream whose response status is `status`, 0 when there is none: at its end for access
// logs, when the proxy answers itself for local replies. Called on workers.
using StreamCondition = absl::AnyInvocable<bool(const http::StreamSummary&, int status) const>;

// envoy.config.accesslog.v3.AccessLogFilter. nullopt: refused at `place` or below.
std::optional<StreamCondition> ReadStreamCondition(
    const envoy::config::accesslog::v3::AccessLogFilter& filter, const RuntimeValues& runtime,
    const Place& place);

}  // namespace outrigger::config
