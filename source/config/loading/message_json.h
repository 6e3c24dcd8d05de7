#pragma once

#include <string>

#include <google/protobuf/message.h>
#include "absl/status/statusor.h"

namespace outrigger::loading {

// kComplete: indented, with the fields that have their default value.
enum class JsonStyle { kCompact, kIndented, kComplete };

// `message` as JSON with the field names of the .proto files, as Envoy's admin endpoint shows it.
// An Any whose type is not linked in, or whose bytes are not valid, is shown as
// {"@type": ..., "value": base64 of the bytes} and does not fail the rest.
// Secrets are shown as they are: Redact a copy first.
absl::StatusOr<std::string> MessageToJson(const google::protobuf::Message& message,
                                          JsonStyle style = JsonStyle::kIndented);

}  // namespace outrigger::loading
