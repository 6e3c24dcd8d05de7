#include "source/config/refusal.h"

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/wrappers.pb.h>
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "outrigger/annotations/v1/support.pb.h"
#include "source/config/open_any.h"

namespace outrigger::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsMarked(const EnumValueDescriptor& value) {
  return value.options().GetExtension(outrigger::annotations::v1::value_not_implemented);
}

std::string ImplementedValues(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    const bool is_gone = value.name().rfind("DEPRECATED_", 0) == 0;  // as 0 of ApiType
    if (!IsMarked(value) && !is_gone) names.push_back(value.name());
  }
  return absl::StrJoin(names, ", ");
}

void CheckValue(const FieldDescriptor& field, int number, const Place& place) {
  const EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) {
    place.Refuse(
        absl::StrCat("unknown value ", number, "; known: ", ImplementedValues(*field.enum_type())));
  } else if (IsMarked(*value)) {
    place.Refuse(absl::StrCat(value->name(), " is not implemented; give one of ",
                              ImplementedValues(*field.enum_type())));
  }
}

bool IsSwitchedOff(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated() || field.message_type() == nullptr) return false;
  return field.message_type() == google::protobuf::BoolValue::descriptor() &&
         !static_cast<const google::protobuf::BoolValue&>(
              message.GetReflection()->GetMessage(message, &field))
              .value();
}

class Walk {
 public:
  void Visit(const Message& message, const Place& place) {
    if (++depth_ > kMaxResourceDepth) {
      place.Refuse("nested too deeply");
    } else if (message.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
      const auto inner = OpenAny(static_cast<const google::protobuf::Any&>(message));
      if (inner != nullptr) VisitFields(*inner, place);
    } else if (message.GetDescriptor()->well_known_type() ==
               Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
      VisitFields(message, place);
    }
    --depth_;
  }

 private:
  void VisitFields(const Message& message, const Place& place) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (IsNotImplemented(*field)) {
        if (!IsSwitchedOff(message, *field)) place.At(field->name()).Refuse("not implemented");
      } else if (field->is_map()) {
        VisitMap(message, *field, place);
      } else if (field->is_repeated()) {
        VisitList(message, *field, place);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Visit(message.GetReflection()->GetMessage(message, field), place.At(field->name()));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        CheckValue(*field, message.GetReflection()->GetEnumValue(message, field),
                   place.At(field->name()));
      }
    }
  }

  void VisitList(const Message& message, const FieldDescriptor& field, const Place& place) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Visit(reflection.GetRepeatedMessage(message, &field, i), place.At(field.name(), i));
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        CheckValue(field, reflection.GetRepeatedEnumValue(message, &field, i),
                   place.At(field.name(), i));
      }
    }
  }

  // xDS has maps from strings only.
  void VisitMap(const Message& message, const FieldDescriptor& field, const Place& place) {
    const FieldDescriptor* key = field.message_type()->map_key();
    const FieldDescriptor* value = field.message_type()->map_value();
    if (key->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
        value->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return;
    }
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const std::string name = entry.GetReflection()->GetString(entry, key);
      Visit(entry.GetReflection()->GetMessage(entry, value), place.At(field.name(), name));
    }
  }

  int depth_ = 0;
};

}  // namespace

bool IsNotImplemented(const FieldDescriptor& field) {
  return field.options().GetExtension(outrigger::annotations::v1::not_implemented);
}

void RefuseNotImplemented(const Message& resource, const Place& place) {
  Walk().Visit(resource, place);
}

}  // namespace outrigger::config
