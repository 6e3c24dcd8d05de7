#pragma once

#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "source/config/place.h"
#include "source/config/runtime_values.h"
#include "source/downstream/http_options.h"

namespace outrigger::config {

// What is changed in the replies that the proxy makes itself.
downstream::LocalReplyRewrite ReadLocalReplies(
    const envoy::extensions::filters::network::http_connection_manager::v3::LocalReplyConfig&
        config,
    const RuntimeValues& runtime, const Place& place);

}  // namespace outrigger::config
