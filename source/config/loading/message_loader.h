#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include "absl/status/status.h"
#include "source/config/loading/document.h"

namespace outrigger::loading {

// What to do with an Any whose @type is not linked into this binary.
enum class UnresolvedAny {
  kRefuse,
  // Keep it as xds.type.v3.TypedStruct of that type, for whoever receives it to resolve.
  kKeepAsTypedStruct,
};

struct LoadOptions {
  // Begins each message; may be empty.
  std::string_view file;
  // An unknown field is an error, unless this is set: then each is appended here as
  // `file:line:column: path: unknown field ...`. Borrowed for the call.
  std::vector<std::string>* unknown_fields = nullptr;
  // Whether the caller refuses every message in which this field is set: what is unknown inside it
  // is then no error of its own. Null: there is no such field.
  bool (*is_refused)(const google::protobuf::FieldDescriptor& field) = nullptr;
  UnresolvedAny unresolved_any = UnresolvedAny::kRefuse;
  // After as many errors the rest of the document is not looked at.
  size_t max_errors = 10;
};

// Fills `out`, which must be a generated message, from a document by protobuf's JSON mapping: field
// names in snake_case or lowerCamelCase, enums by name or number, "1.5s", Any with @type, and so
// on. An error holds one line for each thing that is wrong, with place, field path and what is
// right:
//   bootstrap.yaml:12:7: static_resources.clusters[0].lb_policy: unknown value "RINGHASH"; known:
//   ...
// After an error `out` is half filled and of no use.
absl::Status LoadMessage(const Node& root, google::protobuf::Message& out,
                         const LoadOptions& options = {});

// Parses `text`, exactly one document, and loads it.
absl::Status LoadMessageFromText(std::string_view text, google::protobuf::Message& out,
                                 const LoadOptions& options = {});

}  // namespace outrigger::loading
