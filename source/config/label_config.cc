#include "source/config/label_config.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "source/base/text.h"

namespace outrigger::config {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// Texts with their length before them, so that no two values are written the same.
std::string Text(std::string_view text) { return base::StrCat(text.size(), ":", text); }

// Protobuf bounds how deep a message may be nested when it reads it.
std::string Canonical(const Value& value) {
  switch (value.kind_case()) {
    case Value::kStringValue:
      return Text(value.string_value());
    case Value::kNumberValue: {
      const double number = value.number_value() == 0 ? 0 : value.number_value();  // -0 is 0
      uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof(bits));
      return base::StrCat("n", bits);
    }
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kListValue: {
      std::string list = "[";
      for (const Value& item : value.list_value().values()) list += Canonical(item) + ",";
      return list + "]";
    }
    case Value::kStructValue: {
      std::string fields = "{";
      for (const auto& [name, inner] : ReadLabels(value.struct_value())) {
        fields += Text(name) + "=" + inner + ",";
      }
      return fields + "}";
    }
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      break;
  }
  return "null";
}

}  // namespace

upstream::Labels ReadLabels(const Struct& from) {
  upstream::Labels labels;
  for (const auto& [name, value] : from.fields()) labels.emplace_back(name, Canonical(value));
  std::sort(labels.begin(), labels.end());
  return labels;
}

upstream::Labels ReadTransportLabels(const envoy::config::core::v3::Metadata& from) {
  const auto found = from.filter_metadata().find("envoy.transport_socket_match");
  return found == from.filter_metadata().end() ? upstream::Labels() : ReadLabels(found->second);
}

}  // namespace outrigger::config
