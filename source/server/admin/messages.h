#pragma once

#include <google/protobuf/message.h>

#include "absl/status/statusor.h"
#include "envoy/config/core/v3/address.pb.h"
#include "envoy/config/core/v3/base.pb.h"
#include "source/config/loading/message_json.h"
#include "source/net/address.h"
#include "source/server/admin/admin.h"
#include "source/upstream/endpoint.h"

// What the pages say in the messages of Envoy's API.
namespace outrigger::server {

// 400 with the error's text.
AdminReply BadRequest(const absl::Status& status);
// As JSON.
AdminReply MessageReply(const google::protobuf::Message& message,
                        loading::JsonStyle style = loading::JsonStyle::kIndented);

envoy::config::core::v3::Address ToMessage(const net::Address& address);
envoy::config::core::v3::Locality ToMessage(const upstream::Locality& locality);

// Whether `format=json` is asked for. Error: a format that is neither that nor text.
absl::StatusOr<bool> WantsJson(const AdminRequest& request);

}  // namespace outrigger::server
