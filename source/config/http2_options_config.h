#pragma once

#include "envoy/config/core/v3/protocol.pb.h"
#include "source/config/place.h"
#include "source/http/http2/options.h"

namespace outrigger::config {

// What one side of HTTP/2 connections is configured with. Fields that are not set leave `to` as it
// is. What the message cannot say (the limits on heads) comes from elsewhere.
void ReadHttp2Options(const envoy::config::core::v3::Http2ProtocolOptions& from,
                      http::http2::Options& to, const Place& place);

}  // namespace outrigger::config
