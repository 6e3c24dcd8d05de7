#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "source/extensions/http_filters/grpc_json_transcoder/message_types.h"

namespace outrigger::grpc_json_transcoder {

struct JsonParsing {
  bool is_enum_case_insensitive = false;
};

struct JsonPrinting {
  bool adds_whitespace = false;
  bool always_prints_primitives = false;
  bool prints_enums_as_numbers = false;
  bool keeps_proto_names = false;
};

// Between JSON and messages of a descriptor set, by protobuf's JSON mapping through libprotobuf.
// Thread: any. Lifetime: borrows the types.
// Limits: kMaxJsonDepth levels in, 64 out; strings must be UTF-8.
class JsonCodec {
 public:
  explicit JsonCodec(const MessageTypes& types) : types_(types) {}

  // One JSON value as the bytes of a message of `type`. Errors name the field: `shelf.id: ...`.
  absl::StatusOr<std::string> Parse(const google::protobuf::Descriptor& type, std::string_view json,
                                    const JsonParsing& options) const;
  // The same for one field of `type`, whose JSON value is `json`: bytes of a message of `type` that
  // has that field alone.
  absl::StatusOr<std::string> ParseField(const google::protobuf::Descriptor& type,
                                         const google::protobuf::FieldDescriptor& field,
                                         std::string_view json, const JsonParsing& options) const;

  // A message as JSON.
  absl::StatusOr<std::string> Print(const google::protobuf::Descriptor& type,
                                    std::string_view message, const JsonPrinting& options) const;
  // One field of a message as JSON; its default where the message does not have it.
  absl::StatusOr<std::string> PrintField(const google::protobuf::Descriptor& type,
                                         const google::protobuf::FieldDescriptor& field,
                                         std::string_view message,
                                         const JsonPrinting& options) const;
  // A google.rpc.Status; details of unknown types appear as their @type and the bytes in base64.
  std::string PrintStatus(int code, std::string_view message, std::string_view details_bin,
                          const JsonPrinting& options) const;

 private:
  absl::StatusOr<std::string> Convert(const google::protobuf::Descriptor& type,
                                      std::string_view json, const JsonParsing& options) const;
  const MessageTypes& types_;
};

// `text` in double quotes, escaped (RFC 8259 7). What is not UTF-8 becomes U+FFFD.
std::string QuoteJson(std::string_view text);

}  // namespace outrigger::grpc_json_transcoder
