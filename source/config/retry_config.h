#pragma once

#include "envoy/config/route/v3/route_components.pb.h"
#include "source/config/place.h"
#include "source/route/retry_policy.h"

namespace outrigger::config {

route::RetryPolicy ReadRetryPolicy(const envoy::config::route::v3::RetryPolicy& policy,
                                   const Place& place);

}  // namespace outrigger::config
