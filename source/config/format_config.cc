#include "source/config/format_config.h"

#include <algorithm>
#include <utility>

#include "source/config/field_values.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::SubstitutionFormatString;
using google::protobuf::Struct;
using google::protobuf::Value;
using http::AccessFormat;
using http::FormatTree;

FormatTree ToTree(const Value& value) {
  switch (value.kind_case()) {
    case Value::kBoolValue:
      return {value.bool_value()};
    case Value::kNumberValue:
      return {value.number_value()};
    case Value::kStringValue:
      return {value.string_value()};
    case Value::kStructValue:
      return ToFormatTree(value.struct_value());
    case Value::kListValue: {
      FormatTree::List list;
      for (const Value& item : value.list_value().values()) list.push_back(ToTree(item));
      return {std::move(list)};
    }
    default:
      return {nullptr};
  }
}

std::optional<AccessFormat> Check(absl::StatusOr<AccessFormat> format, const Place& place) {
  if (format.ok()) return *std::move(format);
  place.Refuse(format.status());
  return std::nullopt;
}

}  // namespace

FormatTree ToFormatTree(const Struct& fields) {
  FormatTree::Object object;
  for (const auto& [name, value] : fields.fields()) object.emplace_back(name, ToTree(value));
  std::sort(object.begin(), object.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return {std::move(object)};
}

std::optional<AccessFormat> ReadFormat(const SubstitutionFormatString& format, const Place& place) {
  const http::AccessFormatOptions options{.omit_empty_values = format.omit_empty_values()};
  switch (format.format_case()) {
    case SubstitutionFormatString::kTextFormat:
      return Check(AccessFormat::Text(format.text_format(), options), place.At("text_format"));
    case SubstitutionFormatString::kTextFormatSource: {
      const Place at = place.At("text_format_source");
      const size_t before = place.findings().size();
      const std::string text = ReadDataSource(format.text_format_source(), at);
      if (place.findings().size() != before) return std::nullopt;
      return Check(AccessFormat::Text(text, options), at);
    }
    case SubstitutionFormatString::kJsonFormat:
      return Check(AccessFormat::Json(ToFormatTree(format.json_format()), options),
                   place.At("json_format"));
    case SubstitutionFormatString::FORMAT_NOT_SET:
      break;
  }
  place.Refuse("must hold one of text_format, text_format_source, json_format");
  return std::nullopt;
}

}  // namespace outrigger::config
