#include "source/config/loading/dynamic_values.h"

#include <cmath>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "source/config/loading/scalar_values.h"

namespace outrigger::loading {
namespace {

std::string NumberText(double value) {
  constexpr double kExactBelow = 9007199254740992.0;  // 2^53
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const bool is_integer = value == std::floor(value) && std::abs(value) < kExactBelow;
  return is_integer ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.17g", value);
}

Node FromValue(const google::protobuf::Value& value) {
  using google::protobuf::Value;
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return Node(Node::Kind::kNumber, {}, NumberText(value.number_value()));
    case Value::kStringValue:
      return Node(Node::Kind::kString, {}, value.string_value());
    case Value::kBoolValue:
      return Node(Node::Kind::kBool, {}, value.bool_value() ? "true" : "false");
    case Value::kStructValue:
      return FromStruct(value.struct_value());
    case Value::kListValue: {
      Node list(Node::Kind::kList, {});
      for (const Value& item : value.list_value().values()) list.Append(FromValue(item));
      return list;
    }
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      break;
  }
  return Node();
}

}  // namespace

void ToValue(const Node& node, google::protobuf::Value& out) {
  switch (node.kind()) {
    case Node::Kind::kNull:
      out.set_null_value(google::protobuf::NULL_VALUE);
      return;
    case Node::Kind::kString:
      out.set_string_value(node.text());
      return;
    case Node::Kind::kBool:
      out.set_bool_value(ReadBool(node).value_or(false));
      return;
    case Node::Kind::kNumber:
      // Also 0x10 and 0644, which are no doubles: as text nothing of them is lost.
      if (absl::StatusOr<double> number = ReadDouble(node); number.ok()) {
        out.set_number_value(*number);
      } else {
        out.set_string_value(node.text());
      }
      return;
    case Node::Kind::kList:
      out.mutable_list_value();
      for (const Node& item : node.items()) ToValue(item, *out.mutable_list_value()->add_values());
      return;
    case Node::Kind::kMap:
      out.mutable_struct_value();
      for (const Node::Entry& entry : node.entries()) {
        ToValue(entry.value, (*out.mutable_struct_value()->mutable_fields())[entry.key]);
      }
      return;
  }
}

Node FromStruct(const google::protobuf::Struct& fields) {
  // Sorted, so that the same Struct gives the same messages each time.
  std::map<std::string, const google::protobuf::Value*> sorted;
  for (const auto& [key, value] : fields.fields()) sorted.emplace(key, &value);
  Node map(Node::Kind::kMap, {});
  for (const auto& [key, value] : sorted) map.Append(key, {}, FromValue(*value));
  return map;
}

}  // namespace outrigger::loading
