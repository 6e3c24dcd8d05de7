#include "source/config/loading/redaction.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include "source/config/loading/message_types.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr char kRedacted[] = "[redacted]";
constexpr char kTypeKey[] = "@type";

constexpr SensitiveField kSensitive[] = {
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "private_key"},
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "password"},
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "pkcs12"},
    {"envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys", "keys"},
    {"envoy.extensions.transport_sockets.tls.v3.GenericSecret", "secret"},
    {"envoy.extensions.transport_sockets.tls.v3.GenericSecret", "secrets"},
    {"envoy.config.core.v3.GrpcService.GoogleGrpc.SslCredentials", "private_key"},
    {"envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials", "access_token"},
    {"envoy.config.core.v3.GrpcService.GoogleGrpc.CallCredentials", "google_refresh_token"},
    {"envoy.extensions.filters.http.basic_auth.v3.BasicAuth", "users"},
    {"envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute", "users"},
};

bool IsTypedStruct(const Descriptor& type) {
  return type.full_name() == "xds.type.v3.TypedStruct" ||
         type.full_name() == "udpa.type.v1.TypedStruct";
}

bool IsSource(const std::string& name) {
  return name == "filename" || name == "environment_variable";
}

// What is inside a sensitive field.
void RedactValue(Value& value) {
  switch (value.kind_case()) {
    case Value::kStructValue:
      for (auto& [key, inner] : *value.mutable_struct_value()->mutable_fields()) {
        if (!IsSource(key) && key != "environmentVariable") RedactValue(inner);
      }
      return;
    case Value::kListValue:
      for (Value& inner : *value.mutable_list_value()->mutable_values()) RedactValue(inner);
      return;
    default:
      value.set_string_value(kRedacted);
  }
}

void RedactAllStrings(Message& message);

void RedactField(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const int size = field.is_repeated() ? reflection.FieldSize(message, &field) : 0;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    if (!field.is_repeated()) reflection.SetString(&message, &field, kRedacted);
    for (int i = 0; i < size; ++i) reflection.SetRepeatedString(&message, &field, i, kRedacted);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (!field.is_repeated()) RedactAllStrings(*reflection.MutableMessage(&message, &field));
    for (int i = 0; i < size; ++i) {
      RedactAllStrings(*reflection.MutableRepeatedMessage(&message, &field, i));
    }
  }
}

void RedactAllStrings(Message& message) {
  if (message.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
    // Re-encoding a redacted message would show its shape for no use: the whole value goes.
    static_cast<Any&>(message).clear_value();
    return;
  }
  // The key of a map entry names a secret, it is not one; and two keys must not become the same.
  const bool is_pair = message.GetDescriptor()->options().map_entry();
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsSource(field->name()) || (is_pair && field->number() == 1)) continue;
    RedactField(message, *field);
  }
}

class Redaction {
 public:
  explicit Redaction(absl::Span<const SensitiveField> sensitive) : sensitive_(sensitive) {}

  // Both return whether anything was overwritten, so that an Any without secrets keeps its bytes.
  bool Visit(Message& message);
  bool VisitStruct(Struct& fields, const Descriptor& type);

 private:
  bool IsSensitive(const Descriptor& type, const std::string& field) const {
    return std::any_of(sensitive_.begin(), sensitive_.end(), [&](const SensitiveField& entry) {
      return entry.message == type.full_name() && entry.field == field;
    });
  }
  bool VisitAny(Any& any);
  bool VisitAnyAsStruct(Struct& fields);
  bool VisitStructMap(Struct& entries, const FieldDescriptor& field);
  bool VisitTypedStruct(Message& typed_struct);

  absl::Span<const SensitiveField> sensitive_;
};

bool Redaction::VisitAny(Any& any) {
  std::unique_ptr<Message> inner = DecodeAny(any);
  if (inner == nullptr || !Visit(*inner)) return false;
  any.set_value(SerializeDeterministically(*inner));
  return true;
}

bool Redaction::VisitTypedStruct(Message& typed_struct) {
  const Descriptor& type = *typed_struct.GetDescriptor();
  const Reflection& reflection = *typed_struct.GetReflection();
  const FieldDescriptor* value = type.FindFieldByName("value");
  const Descriptor* inner =
      FindMessageType(reflection.GetString(typed_struct, type.FindFieldByName("type_url")));
  if (inner == nullptr || !reflection.HasField(typed_struct, value)) return false;
  return VisitStruct(static_cast<Struct&>(*reflection.MutableMessage(&typed_struct, value)),
                     *inner);
}

// An Any in its JSON form: the fields of the type that "@type" names. Where that is not known
// nobody can tell what is a secret.
bool Redaction::VisitAnyAsStruct(Struct& fields) {
  const auto type_url = fields.fields().find(kTypeKey);
  const Descriptor* type = type_url == fields.fields().end()
                               ? nullptr
                               : FindMessageType(type_url->second.string_value());
  if (type != nullptr && IsTypedStruct(*type)) {
    auto& inner = *fields.mutable_fields();
    const Descriptor* inner_type = FindMessageType(inner["type_url"].string_value());
    if (inner_type != nullptr && inner["value"].has_struct_value()) {
      return VisitStruct(*inner["value"].mutable_struct_value(), *inner_type);
    }
  } else if (type != nullptr) {
    return VisitStruct(fields, *type);
  }
  for (auto& [key, value] : *fields.mutable_fields()) {
    if (key != kTypeKey) RedactValue(value);
  }
  return true;
}

bool Redaction::VisitStructMap(Struct& entries, const FieldDescriptor& field) {
  const Descriptor* type = field.message_type()->map_value()->message_type();
  bool changed = false;
  if (type == nullptr) return changed;
  for (auto& [key, value] : *entries.mutable_fields()) {
    if (value.has_struct_value()) changed |= VisitStruct(*value.mutable_struct_value(), *type);
  }
  return changed;
}

bool Redaction::VisitStruct(Struct& fields, const Descriptor& type) {
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) return VisitAnyAsStruct(fields);
  bool changed = false;
  for (auto& [key, value] : *fields.mutable_fields()) {
    const FieldDescriptor* field = type.FindFieldByName(key);
    if (field == nullptr) field = type.FindFieldByCamelcaseName(key);
    if (field == nullptr) continue;
    if (IsSensitive(type, field->name())) {
      RedactValue(value);
      changed = true;
    } else if (field->is_map()) {
      if (value.has_struct_value()) {
        changed |= VisitStructMap(*value.mutable_struct_value(), *field);
      }
    } else if (field->message_type() != nullptr) {
      if (value.has_struct_value()) {
        changed |= VisitStruct(*value.mutable_struct_value(), *field->message_type());
      }
      if (!value.has_list_value()) continue;
      for (Value& item : *value.mutable_list_value()->mutable_values()) {
        if (item.has_struct_value()) {
          changed |= VisitStruct(*item.mutable_struct_value(), *field->message_type());
        }
      }
    }
  }
  return changed;
}

bool Redaction::Visit(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
    return VisitAny(static_cast<Any&>(message));
  }
  if (IsTypedStruct(type)) return VisitTypedStruct(message);
  bool changed = false;
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsSensitive(type, field->name())) {
      RedactField(message, *field);
      changed = true;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        changed |= Visit(*reflection.MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        changed |= Visit(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    }
  }
  return changed;
}

}  // namespace

absl::Span<const SensitiveField> SensitiveFields() { return kSensitive; }

void Redact(Message& message, absl::Span<const SensitiveField> sensitive) {
  Redaction(sensitive).Visit(message);
}

}  // namespace outrigger::loading
