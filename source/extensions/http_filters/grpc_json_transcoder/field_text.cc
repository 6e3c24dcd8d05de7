#include "source/extensions/http_filters/grpc_json_transcoder/field_text.h"

#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <google/protobuf/descriptor.h>
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "source/base/text.h"
#include "source/extensions/http_filters/grpc_json_transcoder/wire.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr size_t kMaxPath = 32;

bool IsWrapper(const pb::Descriptor& message) {
  switch (message.well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return true;
    default:
      return false;
  }
}

bool IsTextMessage(const pb::Descriptor& message) {
  switch (message.well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return true;
    default:
      return IsWrapper(message);
  }
}

// Of appending tag and value. kUnfit: the text is no value of the field, and nothing was appended.
enum class Outcome : uint8_t { kDone, kUnfit };

Outcome AppendNumber(int number, std::optional<uint64_t> varint, std::string& out) {
  if (!varint) return Outcome::kUnfit;
  AppendTag(number, WireType::kVarint, out);
  AppendVarint(*varint, out);
  return Outcome::kDone;
}

template <typename Number>
std::optional<uint64_t> Varint(std::string_view text) {
  const auto value = base::ParseNumber<Number>(text);
  if (!value) return std::nullopt;
  return static_cast<uint64_t>(static_cast<int64_t>(*value));
}
template <typename Number>
std::optional<uint64_t> ZigZag(std::string_view text) {
  const auto value = base::ParseNumber<Number>(text);
  if (!value) return std::nullopt;
  const auto wide = static_cast<int64_t>(*value);
  return (static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63);
}

std::optional<double> Double(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos ||
      !absl::SimpleAtod(base::AbslView(text), &value) || std::isinf(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> EnumNumber(const pb::EnumDescriptor& type, std::string_view text,
                                   const JsonParsing& options) {
  if (const auto number = base::ParseNumber<int32_t>(text)) {
    if (type.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2 &&
        type.FindValueByNumber(*number) == nullptr) {
      return std::nullopt;
    }
    return static_cast<uint64_t>(int64_t{*number});
  }
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    const bool is_it = options.is_enum_case_insensitive
                           ? absl::EqualsIgnoreCase(value.name(), base::AbslView(text))
                           : value.name() == text;
    if (is_it) return static_cast<uint64_t>(int64_t{value.number()});
  }
  return std::nullopt;
}

Outcome AppendFloating(const Field& field, std::string_view text, std::string& out) {
  const std::optional<double> value = Double(text);
  if (!value) return Outcome::kUnfit;
  if (field.type() == Field::TYPE_DOUBLE) {
    AppendTag(field.number(), WireType::kFixed64, out);
    AppendFixed64(std::bit_cast<uint64_t>(*value), out);
    return Outcome::kDone;
  }
  if (std::isfinite(*value) && std::abs(*value) > std::numeric_limits<float>::max()) {
    return Outcome::kUnfit;
  }
  AppendTag(field.number(), WireType::kFixed32, out);
  AppendFixed32(std::bit_cast<uint32_t>(static_cast<float>(*value)), out);
  return Outcome::kDone;
}

template <typename Number>
Outcome AppendFixed(int field, std::string_view text, std::string& out) {
  const auto value = base::ParseNumber<Number>(text);
  if (!value) return Outcome::kUnfit;
  if constexpr (sizeof(Number) == 8) {
    AppendTag(field, WireType::kFixed64, out);
    AppendFixed64(static_cast<uint64_t>(*value), out);
  } else {
    AppendTag(field, WireType::kFixed32, out);
    AppendFixed32(static_cast<uint32_t>(*value), out);
  }
  return Outcome::kDone;
}

Outcome AppendText(const Field& field, std::string_view text, std::string& out) {
  if (field.type() == Field::TYPE_BYTES) {
    std::string bytes;
    const auto from = base::AbslView(text);
    if (!absl::Base64Unescape(from, &bytes) && !absl::WebSafeBase64Unescape(from, &bytes)) {
      return Outcome::kUnfit;
    }
    AppendBytes(field.number(), bytes, out);
    return Outcome::kDone;
  }
  if (!pb::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()))) {
    return Outcome::kUnfit;
  }
  AppendBytes(field.number(), text, out);
  return Outcome::kDone;
}

Outcome AppendScalar(const Field& field, std::string_view text, const JsonParsing& options,
                     std::string& out) {
  const int number = field.number();
  switch (field.type()) {
    case Field::TYPE_DOUBLE:
    case Field::TYPE_FLOAT:
      return AppendFloating(field, text, out);
    case Field::TYPE_INT64:
      return AppendNumber(number, Varint<int64_t>(text), out);
    case Field::TYPE_UINT64:
      return AppendNumber(number, Varint<uint64_t>(text), out);
    case Field::TYPE_INT32:
      return AppendNumber(number, Varint<int32_t>(text), out);
    case Field::TYPE_UINT32:
      return AppendNumber(number, Varint<uint32_t>(text), out);
    case Field::TYPE_SINT32:
      return AppendNumber(number, ZigZag<int32_t>(text), out);
    case Field::TYPE_SINT64:
      return AppendNumber(number, ZigZag<int64_t>(text), out);
    case Field::TYPE_FIXED64:
      return AppendFixed<uint64_t>(number, text, out);
    case Field::TYPE_SFIXED64:
      return AppendFixed<int64_t>(number, text, out);
    case Field::TYPE_FIXED32:
      return AppendFixed<uint32_t>(number, text, out);
    case Field::TYPE_SFIXED32:
      return AppendFixed<int32_t>(number, text, out);
    case Field::TYPE_BOOL:
      if (text != "true" && text != "false") return Outcome::kUnfit;
      return AppendNumber(number, text == "true", out);
    case Field::TYPE_ENUM:
      return AppendNumber(number, EnumNumber(*field.enum_type(), text, options), out);
    case Field::TYPE_STRING:
    case Field::TYPE_BYTES:
      return AppendText(field, text, out);
    default:
      return Outcome::kUnfit;
  }
}

// A message whose fields have paths of their own.
bool HasFields(const Field& field) {
  return field.type() == Field::TYPE_MESSAGE && !IsTextMessage(*field.message_type());
}

// One more occurrence of a field: messages merge, of anything else the last one holds.
void Merge(const Field& field, const WireField& part, std::string& value) {
  if (HasFields(field)) {
    value += part.payload;
  } else {
    value = part.whole;
  }
}

// "an int64", "a value of library.Genre"
std::string Wanted(const Field& field) {
  if (field.type() == Field::TYPE_ENUM) {
    return base::StrCat("a value of ", field.enum_type()->full_name());
  }
  if (field.type() == Field::TYPE_MESSAGE) return field.message_type()->full_name();
  if (field.type() == Field::TYPE_BYTES) return "base64";
  return base::StrCat(field.type_name(), field.type() == Field::TYPE_STRING ? " in UTF-8" : "");
}

}  // namespace

TextFit FitOf(const Field& field) {
  if (field.is_map() || field.type() == Field::TYPE_GROUP) return TextFit::kNoText;
  if (field.type() != Field::TYPE_MESSAGE) return TextFit::kFits;
  return IsTextMessage(*field.message_type()) ? TextFit::kFits : TextFit::kNoText;
}

absl::StatusOr<FieldPath> ResolveFields(const MessageTypes& types, const pb::Descriptor& message,
                                        std::string_view dotted) {
  FieldPath path;
  const pb::Descriptor* at = &message;
  while (true) {
    const size_t dot = dotted.find('.');
    const std::string_view name = dotted.substr(0, dot);
    const Field* field = types.FindField(*at, name);
    if (field == nullptr) {
      return base::InvalidArgument("\"", name, "\" is no field of ", at->full_name());
    }
    path.push_back(field);
    if (dot == std::string_view::npos) return path;
    if (field->is_repeated() || field->type() != Field::TYPE_MESSAGE) {
      return base::InvalidArgument("\"", name, "\" of ", at->full_name(), " is no single message");
    }
    if (path.size() == kMaxPath) return base::InvalidArgument("more than 32 names in a row");
    at = field->message_type();
    dotted.remove_prefix(dot + 1);
  }
}

std::string Dotted(const FieldPath& path) {
  std::string out;
  for (const Field* field : path) base::StrAppend(&out, out.empty() ? "" : ".", field->name());
  return out;
}

absl::StatusOr<std::string> EncodeText(const FieldPath& path, std::string_view text,
                                       const JsonCodec& codec, const JsonParsing& options) {
  const Field& field = *path.back();
  std::string bytes;
  Outcome outcome = Outcome::kUnfit;
  if (field.type() != Field::TYPE_MESSAGE) {
    outcome = AppendScalar(field, text, options, bytes);
  } else if (IsWrapper(*field.message_type())) {
    std::string value;
    outcome = AppendScalar(*field.message_type()->field(0), text, options, value);
    AppendBytes(field.number(), value, bytes);
  } else if (IsTextMessage(*field.message_type())) {
    auto value = codec.Parse(*field.message_type(), QuoteJson(text), options);
    if (value.ok()) {
      outcome = Outcome::kDone;
      AppendBytes(field.number(), *value, bytes);
    }
  }
  if (outcome == Outcome::kUnfit) {
    // Quoted, so that the value, which may be anything, cannot pretend to be text of ours.
    return base::InvalidArgument(Dotted(path), ": must be ", Wanted(field), ", got ",
                                 QuoteJson(text.substr(0, 100)));
  }
  for (size_t i = path.size() - 1; i-- > 0;) {
    std::string outer;
    AppendBytes(path[i]->number(), bytes, outer);
    bytes = std::move(outer);
  }
  return bytes;
}

absl::Status CheckCollisions(const pb::Descriptor& type, std::string_view fields,
                             std::string_view body) {
  // By field, what both say.
  absl::flat_hash_map<int, std::pair<std::string, std::string>> values;
  WireReader in_fields(fields);
  while (const auto part = in_fields.Next()) {
    const Field* field = type.FindFieldByNumber(part->number);
    if (field == nullptr || field->is_repeated()) continue;
    Merge(*field, *part, values[part->number].first);
  }
  WireReader in_body(body);
  while (const auto part = in_body.Next()) {
    const auto value = values.find(part->number);
    if (value == values.end()) continue;
    Merge(*type.FindFieldByNumber(part->number), *part, value->second.second);
  }
  for (const auto& [number, value] : values) {
    const auto& [of_fields, of_body] = value;
    if (of_body.empty() || of_body == of_fields) continue;
    const Field& field = *type.FindFieldByNumber(number);
    if (!HasFields(field)) {
      return base::InvalidArgument(field.name(),
                                   ": the body has another value than the path or query");
    }
    const absl::Status inner = CheckCollisions(*field.message_type(), of_fields, of_body);
    if (!inner.ok()) {
      return base::InvalidArgument(field.name(), ".", base::StdView(inner.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace outrigger::grpc_json_transcoder
