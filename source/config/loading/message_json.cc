#include "source/config/loading/message_json.h"

#include <memory>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <google/protobuf/wrappers.pb.h>
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "source/config/loading/message_types.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kTypePrefix[] = "type.googleapis.com/";
// In front of a type URL: its Any holds a BytesValue in place of what could not be decoded.
constexpr char kOpaqueMark[] = "opaque-bytes/";

// Types that are linked in, and for opaque ones a message with one field, `bytes value = 1`.
class Types final : public google::protobuf::util::TypeResolver {
 public:
  google::protobuf::util::Status ResolveMessageType(const std::string& type_url,
                                                    google::protobuf::Type* type) override {
    if (type_url.rfind(kOpaqueMark, 0) == 0) {
      type->set_name(std::string(TypeName(type_url)));
      google::protobuf::Field* field = type->add_fields();
      field->set_kind(google::protobuf::Field::TYPE_BYTES);
      field->set_cardinality(google::protobuf::Field::CARDINALITY_OPTIONAL);
      field->set_number(1);
      field->set_name("value");
      field->set_json_name("value");
      return {};
    }
    return linked_in_->ResolveMessageType(Canonical(type_url), type);
  }
  google::protobuf::util::Status ResolveEnumType(const std::string& type_url,
                                                 google::protobuf::Enum* type) override {
    return linked_in_->ResolveEnumType(Canonical(type_url), type);
  }

 private:
  static std::string Canonical(const std::string& type_url) {
    return kTypePrefix + std::string(TypeName(type_url));
  }

  const std::unique_ptr<google::protobuf::util::TypeResolver> linked_in_{
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          "type.googleapis.com", google::protobuf::DescriptorPool::generated_pool())};
};

bool MarkOpaque(Message& message);

// Returns whether `any` was changed.
bool MarkOpaqueAny(Any& any) {
  if (any.type_url().empty() && any.value().empty()) return false;
  if (std::unique_ptr<Message> inner = DecodeAny(any)) {
    if (!MarkOpaque(*inner)) return false;
    any.set_value(SerializeDeterministically(*inner));
    return true;
  }
  google::protobuf::BytesValue bytes;
  bytes.set_value(any.value());
  // Protobuf wants a '/' in each type URL.
  any.set_type_url(absl::StrCat(kOpaqueMark, any.type_url()));
  any.set_value(bytes.SerializeAsString());
  return true;
}

// Prepares each Any that cannot be decoded, at any depth, for Types. Returns whether there was one.
bool MarkOpaque(Message& message) {
  if (message.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
    return MarkOpaqueAny(static_cast<Any&>(message));
  }
  bool changed = false;
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      changed |= MarkOpaque(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      changed |= MarkOpaque(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
  return changed;
}

// The type URL is printed as it stands in the Any, so the mark has to be taken out again. A '/' of
// a string is printed as it is; the quote in front of the mark can only be that of "@type"'s value,
// since inside a string a quote is escaped; a string that begins with the mark itself would be
// changed, which is why the search includes the key.
void RemoveMarks(std::string& json) {
  for (const std::string key : {"\"@type\":\"", "\"@type\": \""}) {
    const std::string marked = key + kOpaqueMark;
    for (size_t at = json.find(marked); at != json.npos; at = json.find(marked, at)) {
      at += key.size();
      json.erase(at, sizeof(kOpaqueMark) - 1);
    }
  }
}

}  // namespace

absl::StatusOr<std::string> MessageToJson(const Message& message, JsonStyle style) {
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  const bool has_opaque = MarkOpaque(*copy);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = style != JsonStyle::kCompact;
  options.always_print_primitive_fields = style == JsonStyle::kComplete;
  options.preserve_proto_field_names = true;
  Types types;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(
      &types, kTypePrefix + message.GetDescriptor()->full_name(), SerializeDeterministically(*copy),
      &json, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat(message.GetDescriptor()->full_name(),
                                            ": cannot be shown as JSON: ", status.ToString()));
  }
  if (has_opaque) RemoveMarks(json);
  return json;
}

}  // namespace outrigger::loading
