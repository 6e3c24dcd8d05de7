#include "source/server/admin/unknown_content.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include <memory>
#include <vector>

#include "source/config/loading/message_types.h"

namespace outrigger::server {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Known messages are encoded anew without the fields that they do not know.
void ClearInAny(Any& any) {
  const std::unique_ptr<Message> inner = loading::DecodeAny(any);
  if (inner == nullptr) {
    any.clear_value();
    return;
  }
  ClearUnknownContent(*inner);
  any.set_value(loading::SerializeDeterministically(*inner));
}

bool IsTypedStruct(const Descriptor& type) {
  return type.full_name() == "xds.type.v3.TypedStruct" ||
         type.full_name() == "udpa.type.v1.TypedStruct";
}

void ClearInTypedStruct(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  const std::string url = reflection.GetString(message, type.FindFieldByName("type_url"));
  if (loading::FindMessageType(url) == nullptr) {
    reflection.ClearField(&message, type.FindFieldByName("value"));
  }
}

}  // namespace

void ClearUnknownContent(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
    return ClearInAny(static_cast<Any&>(message));
  }
  if (IsTypedStruct(type)) return ClearInTypedStruct(message);
  const Reflection& reflection = *message.GetReflection();
  reflection.MutableUnknownFields(&message)->Clear();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      ClearUnknownContent(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ClearUnknownContent(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

}  // namespace outrigger::server
