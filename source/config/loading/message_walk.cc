#include "source/config/loading/message_walk.h"

#include <vector>

#include <google/protobuf/descriptor.h>
#include "absl/strings/str_cat.h"

namespace outrigger::loading {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string MapKeyText(const Message& pair, const FieldDescriptor& key) {
  const google::protobuf::Reflection& reflection = *pair.GetReflection();
  switch (key.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(pair, &key);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(pair, &key) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(pair, &key));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(pair, &key));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection.GetUInt32(pair, &key));
    default:
      return absl::StrCat(reflection.GetUInt64(pair, &key));
  }
}

}  // namespace

void ForEachChild(const Message& message,
                  absl::FunctionRef<void(const Message& child, const std::string& step)> visit) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      visit(reflection.GetMessage(message, field), field->name());
      continue;
    }
    const bool is_map = field->is_map();
    const FieldDescriptor* value = is_map ? field->message_type()->map_value() : nullptr;
    if (is_map && value->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const Message& item = reflection.GetRepeatedMessage(message, field, i);
      if (is_map) {
        visit(item.GetReflection()->GetMessage(item, value),
              absl::StrCat(field->name(), "[\"", MapKeyText(item, *item.GetDescriptor()->map_key()),
                           "\"]"));
      } else {
        visit(item, absl::StrCat(field->name(), "[", i, "]"));
      }
    }
  }
}

}  // namespace outrigger::loading
