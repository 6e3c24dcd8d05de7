#pragma once

#include <string>

#include <google/protobuf/message.h>
#include "absl/functional/function_ref.h"

namespace outrigger::loading {

// Calls `visit` with each message directly inside `message`, set and in declaration order, and with
// its step from there: "name", "name[2]" or "name[\"key\"]". An Any is visited as itself.
void ForEachChild(
    const google::protobuf::Message& message,
    absl::FunctionRef<void(const google::protobuf::Message& child, const std::string& step)> visit);

}  // namespace outrigger::loading
