#include "source/server/admin/messages.h"

#include <string>

#include "source/base/text.h"
#include "source/config/loading/message_json.h"

namespace outrigger::server {

AdminReply BadRequest(const absl::Status& status) {
  return AdminReply::Text(base::StrCat(base::StdView(status.message()), "\n"), 400);
}

AdminReply MessageReply(const google::protobuf::Message& message, loading::JsonStyle style) {
  const absl::StatusOr<std::string> json = loading::MessageToJson(message, style);
  if (!json.ok()) {
    return AdminReply::Text(base::StrCat(base::StdView(json.status().message()), "\n"), 500);
  }
  return AdminReply::Json(*json);
}

envoy::config::core::v3::Address ToMessage(const net::Address& address) {
  envoy::config::core::v3::Address message;
  if (address.is_ip()) {
    message.mutable_socket_address()->set_address(address.ip());
    message.mutable_socket_address()->set_port_value(address.port());
  } else {
    message.mutable_pipe()->set_path(address.ToString());
  }
  return message;
}

envoy::config::core::v3::Locality ToMessage(const upstream::Locality& locality) {
  envoy::config::core::v3::Locality message;
  message.set_region(locality.region);
  message.set_zone(locality.zone);
  message.set_sub_zone(locality.sub_zone);
  return message;
}

absl::StatusOr<bool> WantsJson(const AdminRequest& request) {
  const std::string format = request.Get("format").value_or("text");
  if (format == "json") return true;
  if (format == "text") return false;
  return base::InvalidArgument("format: unknown value \"", format, "\"; known: text, json");
}

}  // namespace outrigger::server
