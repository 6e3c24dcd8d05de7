#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/extensions/http_filters/grpc_json_transcoder/json_codec.h"
#include "source/extensions/http_filters/grpc_json_transcoder/message_types.h"

namespace outrigger::grpc_json_transcoder {

// From a message to a field in it or in a message inside it: `shelf.theme`. None but the last is
// repeated.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// The path of the fields with these names, each as in the .proto file or in JSON. Errors say which
// name is wrong. At most 32 names.
absl::StatusOr<FieldPath> ResolveFields(const MessageTypes& types,
                                        const google::protobuf::Descriptor& message,
                                        std::string_view dotted);

// Whether text can be a value of the field: scalars, enums, and the messages that are a string or
// number in JSON (wrappers, Timestamp, Duration, FieldMask).
enum class TextFit : uint8_t { kFits, kNoText };
TextFit FitOf(const google::protobuf::FieldDescriptor& field);

// A field given as text, as in a path or a query, as bytes of the message: numbers in decimal,
// "true" and "false", enums by name or number, bytes in base64 (either alphabet), a Timestamp and
// so on as in JSON. A list grows by one. Errors name field and value.
absl::StatusOr<std::string> EncodeText(const FieldPath& path, std::string_view text,
                                       const JsonCodec& codec, const JsonParsing& options);

// "shelf.theme"
std::string Dotted(const FieldPath& path);

// OK unless `fields`, made of what EncodeText made, and `body` set the same field to different
// values; lists do not count. Both are messages of `type`. The cost grows with their sizes only.
absl::Status CheckCollisions(const google::protobuf::Descriptor& type, std::string_view fields,
                             std::string_view body);

}  // namespace outrigger::grpc_json_transcoder
