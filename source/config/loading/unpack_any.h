#pragma once

#include <string>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>
#include "absl/status/status.h"

namespace outrigger::loading {

// Fills `out` from an Any that holds either that message itself, or a TypedStruct of its type
// (xds.type.v3 or udpa.type.v1), which is how control planes send configs whose schema they do not
// have. Types are compared after the last '/'. Messages name the types and, in a TypedStruct, the
// field path. Fields of a TypedStruct that `out` does not know are an error, unless
// `unknown_fields` is given and collects them; those of the message itself stay in `out`.
absl::Status UnpackAny(const google::protobuf::Any& any, google::protobuf::Message& out,
                       std::vector<std::string>* unknown_fields = nullptr);

// The type an Any stands for: that of its message, or the one named by the TypedStruct in it.
std::string ResolvedTypeName(const google::protobuf::Any& any);

}  // namespace outrigger::loading
