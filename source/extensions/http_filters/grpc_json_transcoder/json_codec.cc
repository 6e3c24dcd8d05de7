#include "source/extensions/http_filters/grpc_json_transcoder/json_codec.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include "absl/strings/escaping.h"
#include "google/rpc/status.pb.h"
#include "source/base/text.h"
#include "source/extensions/http_filters/grpc_json_transcoder/json_scanner.h"
#include "source/extensions/http_filters/grpc_json_transcoder/wire.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace pb = google::protobuf;

std::string UrlOf(const pb::Descriptor& type) {
  return base::StrCat(kTypeUrlPrefix, type.full_name());
}

std::string_view View(pb::StringPiece text) { return {text.data(), text.size()}; }

absl::Status Wrong(const pb::util::Status& status) {
  return base::InvalidArgument(View(status.message()));
}

bool IsUtf8(std::string_view text) {
  return pb::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

// libprotobuf's printer takes what it can read: a string up to the first byte that is not UTF-8, a
// message up to where it is cut off. Half an answer is none.
absl::Status CheckMessage(const pb::Descriptor& type, std::string_view message, int depth) {
  constexpr int kDepthOfPrinter = 64;  // it refuses what is deeper
  if (depth > kDepthOfPrinter) return absl::OkStatus();
  WireReader reader(message);
  while (const auto part = reader.Next()) {
    const pb::FieldDescriptor* field = type.FindFieldByNumber(part->number);
    if (field == nullptr || part->type != WireType::kBytes) continue;
    if (field->type() == pb::FieldDescriptor::TYPE_STRING && !IsUtf8(part->payload)) {
      return base::InvalidArgument("\"", field->name(), "\" of the ", type.full_name(),
                                   " is not UTF-8");
    }
    if (field->type() != pb::FieldDescriptor::TYPE_MESSAGE) continue;
    absl::Status inner = CheckMessage(*field->message_type(), part->payload, depth + 1);
    if (!inner.ok()) return inner;
  }
  if (!reader.is_malformed()) return absl::OkStatus();
  return base::InvalidArgument("the bytes are no ", type.full_name());
}

pb::util::JsonPrintOptions ToProtobuf(const JsonPrinting& options) {
  pb::util::JsonPrintOptions out;
  out.add_whitespace = options.adds_whitespace;
  out.always_print_primitive_fields = options.always_prints_primitives;
  out.always_print_enums_as_ints = options.prints_enums_as_numbers;
  out.preserve_proto_field_names = options.keeps_proto_names;
  return out;
}

std::string DefaultJson(const pb::FieldDescriptor& field, const JsonPrinting& options) {
  if (field.is_map()) return "{}";
  if (field.is_repeated()) return "[]";
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return "null";
    case pb::FieldDescriptor::CPPTYPE_STRING:
      if (field.type() != pb::FieldDescriptor::TYPE_BYTES) {
        return QuoteJson(field.default_value_string());
      }
      return QuoteJson(absl::Base64Escape(field.default_value_string()));
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_INT64:  // 64 bits are strings in JSON
      return base::StrCat("\"", field.default_value_int64(), "\"");
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return base::StrCat("\"", field.default_value_uint64(), "\"");
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return base::StrCat(field.default_value_int32());
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return base::StrCat(field.default_value_uint32());
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return base::StrCat(field.default_value_float());
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return base::StrCat(field.default_value_double());
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return options.prints_enums_as_numbers ? base::StrCat(field.default_value_enum()->number())
                                             : QuoteJson(field.default_value_enum()->name());
  }
  return "null";
}

// `{"field":VALUE}` -> VALUE
std::string_view ValueOf(std::string_view object) {
  const size_t colon = object.find(':');  // names of fields have none
  const size_t end = object.find_last_of('}');
  if (colon == std::string_view::npos || end == std::string_view::npos || end < colon) return {};
  return base::StripSpaces(object.substr(colon + 1, end - colon - 1));
}

}  // namespace

absl::StatusOr<std::string> JsonCodec::Convert(const pb::Descriptor& type, std::string_view json,
                                               const JsonParsing& options) const {
  pb::util::JsonParseOptions parsing;
  parsing.case_insensitive_enum_parsing = options.is_enum_case_insensitive;
  std::string message;
  const pb::util::Status status =
      pb::util::JsonToBinaryString(&types_.resolver(), UrlOf(type),
                                   pb::StringPiece(json.data(), json.size()), &message, parsing);
  if (!status.ok()) return Wrong(status);
  return message;
}

absl::StatusOr<std::string> JsonCodec::Parse(const pb::Descriptor& type, std::string_view json,
                                             const JsonParsing& options) const {
  if (absl::Status status = CheckJson(json); !status.ok()) return status;
  return Convert(type, json, options);
}

absl::StatusOr<std::string> JsonCodec::ParseField(const pb::Descriptor& type,
                                                  const pb::FieldDescriptor& field,
                                                  std::string_view json,
                                                  const JsonParsing& options) const {
  // The check also keeps `1,"other":2` from becoming a second field.
  if (absl::Status status = CheckJson(json); !status.ok()) return status;
  return Convert(type, base::StrCat("{", QuoteJson(field.name()), ":", json, "}"), options);
}

absl::StatusOr<std::string> JsonCodec::Print(const pb::Descriptor& type, std::string_view message,
                                             const JsonPrinting& options) const {
  if (absl::Status status = CheckMessage(type, message, 0); !status.ok()) return status;
  std::string json;
  const pb::util::Status status = pb::util::BinaryToJsonString(
      &types_.resolver(), UrlOf(type), std::string(message), &json, ToProtobuf(options));
  if (!status.ok()) return Wrong(status);
  return json;
}

absl::StatusOr<std::string> JsonCodec::PrintField(const pb::Descriptor& type,
                                                  const pb::FieldDescriptor& field,
                                                  std::string_view message,
                                                  const JsonPrinting& options) const {
  const bool is_one_message =
      field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE && !field.is_repeated();
  std::string found;
  bool is_there = false;
  WireReader reader(message);
  while (const auto part = reader.Next()) {
    if (part->number != field.number()) continue;
    is_there = true;
    found += is_one_message ? part->payload : part->whole;
  }
  if (reader.is_malformed()) return base::InvalidArgument("the bytes are no ", type.full_name());
  if (!is_there) return DefaultJson(field, options);
  if (is_one_message) return Print(*field.message_type(), found, options);
  JsonPrinting alone = options;
  alone.always_prints_primitives = false;
  absl::StatusOr<std::string> object = Print(type, found, alone);
  if (!object.ok()) return object;
  const std::string_view value = ValueOf(*object);
  // A default that was sent is not printed: nothing between the braces.
  return value.empty() ? DefaultJson(field, options) : std::string(value);
}

std::string JsonCodec::PrintStatus(int code, std::string_view message, std::string_view details_bin,
                                   const JsonPrinting& options) const {
  google::rpc::Status status;
  // Only bytes that say the same code are the details of this error.
  if (details_bin.empty() ||
      !status.ParseFromArray(details_bin.data(), static_cast<int>(details_bin.size())) ||
      status.code() != code) {
    status.Clear();
    status.set_code(code);
    status.set_message(std::string(message));
  }
  const pb::Descriptor& type = *types_.FindMessage("google.rpc.Status");
  auto json = Print(type, status.SerializeAsString(), options);
  if (json.ok()) return *std::move(json);
  // One of the details cannot be printed: the others can.
  const pb::Descriptor& any = *types_.FindMessage("google.protobuf.Any");
  std::string details;
  for (const pb::Any& detail : status.details()) {
    auto printed = Print(any, detail.SerializeAsString(), options);
    if (!printed.ok()) {
      printed = base::StrCat("{\"@type\":", QuoteJson(detail.type_url()),
                             ",\"value\":", QuoteJson(absl::Base64Escape(detail.value())), "}");
    }
    base::StrAppend(&details, details.empty() ? "" : ",", *printed);
  }
  return base::StrCat("{\"code\":", code, ",\"message\":", QuoteJson(status.message()),
                      ",\"details\":[", details, "]}");
}

std::string QuoteJson(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool is_utf8 = IsUtf8(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else if (byte >= 0x80 && !is_utf8) {
      out += "\\ufffd";
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

}  // namespace outrigger::grpc_json_transcoder
