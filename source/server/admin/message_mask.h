#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "absl/status/status.h"

namespace outrigger::server {

// Keeps of `message` only the fields that `mask` names: paths of field names as in the .proto
// files, joined by dots, with commas between ("name,active_state.version_info"). A path goes on in
// every element of a repeated field, and inside an Any of a known type.
// Error: a path that the message's type does not have; inside of an Any, whose types differ from
// one element to the next, such a path keeps nothing.
absl::Status KeepMasked(std::string_view mask, google::protobuf::Message& message);

}  // namespace outrigger::server
