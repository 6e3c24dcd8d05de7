#include "source/config/loading/message_loader.h"

#include <limits>
#include <memory>
#include <utility>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/field_mask_util.h>
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "source/config/loading/absl_view.h"
#include "source/config/loading/dynamic_values.h"
#include "source/config/loading/message_types.h"
#include "source/config/loading/near_names.h"
#include "source/config/loading/scalar_values.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kTypeKey[] = "@type";

const FieldDescriptor* FindField(const Descriptor& type, const std::string& key) {
  if (const FieldDescriptor* field = type.FindFieldByName(key)) return field;
  if (const FieldDescriptor* field = type.FindFieldByCamelcaseName(key)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == key) return type.field(i);
  }
  return nullptr;
}

std::string UnknownFieldMessage(const Descriptor& type, const std::string& key) {
  std::vector<std::string> names;
  names.reserve(type.field_count());
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  std::string message =
      absl::StrCat("unknown field \"", absl::Utf8SafeCEscape(key), "\" of ", type.full_name());
  const std::string suggestion = DidYouMean(key, names);
  if (!suggestion.empty()) return message + suggestion;
  constexpr size_t kListed = 12;
  if (names.empty()) return message + "; it has no fields";
  if (names.size() <= kListed)
    return absl::StrCat(message, "; known: ", absl::StrJoin(names, ", "));
  return message;
}

std::string UnknownEnumMessage(const EnumDescriptor& type, const Node& node) {
  std::vector<std::string> names;
  names.reserve(type.value_count());
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  std::string suggestion;
  if (node.kind() == Node::Kind::kString) suggestion = DidYouMean(node.text(), names);
  return absl::StrCat("unknown value ", Describe(node), suggestion, suggestion.empty() ? ";" : "",
                      " known: ", absl::StrJoin(names, ", "));
}

// Is a singular null a value of this field, rather than "not given"?
bool TakesNull(const FieldDescriptor& field) {
  const Descriptor* type = field.message_type();
  return type != nullptr && type->well_known_type() == Descriptor::WELLKNOWNTYPE_VALUE;
}

// One run of LoadMessage: where we are, and what was wrong so far.
class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  void Load(const Node& node, Message& out);
  absl::Status Result() const {
    if (errors_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
  }

 private:
  // Appends to the field path while it lives.
  class Step {
   public:
    Step(Loader& loader, absl::string_view part) : path_(loader.path_), size_(path_.size()) {
      if (!path_.empty() && part[0] != '[') path_ += '.';
      path_.append(part.data(), part.size());
    }
    ~Step() { path_.resize(size_); }

   private:
    std::string& path_;
    const size_t size_;
  };

  void LoadFields(const Node& map, Message& out, bool skip_type_key);
  void LoadField(const Node& value, Message& out, const FieldDescriptor& field);
  void LoadMapField(const Node& map, Message& out, const FieldDescriptor& field);
  void LoadValue(const Node& value, Message& out, const FieldDescriptor& field);
  void LoadEnum(const Node& value, Message& out, const FieldDescriptor& field);
  void LoadAny(const Node& map, google::protobuf::Any& out);
  void KeepAsTypedStruct(const Node& map, const std::string& type_url, google::protobuf::Any& out);
  void LoadFieldMask(const Node& node, Message& out);
  bool LoadWellKnownType(const Node& node, Message& out);

  bool IsFull() const { return errors_.size() >= options_.max_errors; }
  std::string Place(Position position) const {
    return absl::StrCat(Locate(options_.file, position), path_, path_.empty() ? "" : ": ");
  }
  void Fail(Position position, absl::string_view message) {
    if (IsFull()) return;
    errors_.push_back(absl::StrCat(Place(position), message));
    if (IsFull()) errors_.push_back("more errors may follow; these are the first");
  }
  // The value, or its type's default after noting the error.
  template <typename T>
  T Take(const Node& node, absl::StatusOr<T> value) {
    if (value.ok()) return *std::move(value);
    Fail(node.position(), value.status().message());
    return T();
  }

  const LoadOptions& options_;
  bool is_in_refused_ = false;
  std::string path_;
  std::vector<std::string> errors_;
};

void Loader::Load(const Node& node, Message& out) {
  if (LoadWellKnownType(node, out)) return;
  if (node.kind() != Node::Kind::kMap) {
    Fail(node.position(), absl::StrCat("must be a map with the fields of ",
                                       out.GetDescriptor()->full_name(), ", got ", Describe(node)));
    return;
  }
  LoadFields(node, out, /*skip_type_key=*/false);
}

void Loader::LoadFields(const Node& map, Message& out, bool skip_type_key) {
  const Descriptor& type = *out.GetDescriptor();
  absl::flat_hash_map<const void*, const std::string*> key_of;  // by field, and by oneof
  for (const Node::Entry& entry : map.entries()) {
    if (IsFull()) return;
    if (skip_type_key && entry.key == kTypeKey) continue;
    const FieldDescriptor* field = FindField(type, entry.key);
    if (field == nullptr) {
      if (is_in_refused_) continue;
      const std::string message = UnknownFieldMessage(type, entry.key);
      if (options_.unknown_fields == nullptr) {
        Fail(entry.key_position, message);
      } else {
        options_.unknown_fields->push_back(absl::StrCat(Place(entry.key_position), message));
      }
      continue;
    }
    if (entry.value.kind() == Node::Kind::kNull && !TakesNull(*field)) continue;
    const auto* oneof = field->real_containing_oneof();
    const void* slot = oneof != nullptr ? static_cast<const void*>(oneof) : field;
    const auto [first, is_new] = key_of.emplace(slot, &entry.key);
    if (!is_new) {
      Fail(entry.key_position, absl::StrCat("\"", *first->second, "\" and \"", entry.key,
                                            "\" exclude each other; keep one"));
      continue;
    }
    Step step(*this, field->name());
    const bool was_in_refused = is_in_refused_;
    is_in_refused_ |= options_.is_refused != nullptr && options_.is_refused(*field);
    LoadField(entry.value, out, *field);
    is_in_refused_ = was_in_refused;
  }
}

void Loader::LoadField(const Node& value, Message& out, const FieldDescriptor& field) {
  if (field.is_map()) return LoadMapField(value, out, field);
  if (!field.is_repeated()) return LoadValue(value, out, field);
  if (value.kind() != Node::Kind::kList) {
    return Fail(value.position(), absl::StrCat("must be a list, got ", Describe(value)));
  }
  for (size_t i = 0; i < value.items().size() && !IsFull(); ++i) {
    const Node& item = value.items()[i];
    Step step(*this, absl::StrCat("[", i, "]"));
    if (item.kind() == Node::Kind::kNull && !TakesNull(field)) {
      Fail(item.position(), "null cannot be an item of a list; remove it");
    } else {
      LoadValue(item, out, field);
    }
  }
}

void Loader::LoadMapField(const Node& map, Message& out, const FieldDescriptor& field) {
  if (map.kind() != Node::Kind::kMap) {
    return Fail(map.position(), absl::StrCat("must be a map, got ", Describe(map)));
  }
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  for (const Node::Entry& entry : map.entries()) {
    if (IsFull()) return;
    Step step(*this, absl::StrCat("[\"", absl::Utf8SafeCEscape(entry.key), "\"]"));
    if (entry.value.kind() == Node::Kind::kNull && !TakesNull(value_field)) {
      Fail(entry.value.position(), "null cannot be the value of a key; remove it");
      continue;
    }
    Message* pair = out.GetReflection()->AddMessage(&out, &field);
    const bool is_bool = key_field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    const Node key(is_bool ? Node::Kind::kBool : Node::Kind::kString, entry.key_position,
                   entry.key);
    if (is_bool && entry.key != "true" && entry.key != "false") {
      Fail(entry.key_position, "the key must be true or false");
    } else {
      LoadValue(key, *pair, key_field);
    }
    LoadValue(entry.value, *pair, value_field);
  }
}

// Sets a singular field, or adds one item to a repeated one. A switch over every type of field.
void Loader::LoadValue(const Node& value, Message& out, const FieldDescriptor& field) {
  const Reflection& reflection = *out.GetReflection();
  const bool add = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      using Limits = std::numeric_limits<int32_t>;
      const auto v =
          static_cast<int32_t>(Take(value, ReadSigned(value, Limits::min(), Limits::max())));
      return add ? reflection.AddInt32(&out, &field, v) : reflection.SetInt32(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      using Limits = std::numeric_limits<int64_t>;
      const int64_t v = Take(value, ReadSigned(value, Limits::min(), Limits::max()));
      return add ? reflection.AddInt64(&out, &field, v) : reflection.SetInt64(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto v = static_cast<uint32_t>(
          Take(value, ReadUnsigned(value, std::numeric_limits<uint32_t>::max())));
      return add ? reflection.AddUInt32(&out, &field, v) : reflection.SetUInt32(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t v = Take(value, ReadUnsigned(value, std::numeric_limits<uint64_t>::max()));
      return add ? reflection.AddUInt64(&out, &field, v) : reflection.SetUInt64(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double v = Take(value, ReadDouble(value));
      return add ? reflection.AddDouble(&out, &field, v) : reflection.SetDouble(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const float v = Take(value, ReadFloat(value));
      return add ? reflection.AddFloat(&out, &field, v) : reflection.SetFloat(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool v = Take(value, ReadBool(value));
      return add ? reflection.AddBool(&out, &field, v) : reflection.SetBool(&out, &field, v);
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return LoadEnum(value, out, field);
    case FieldDescriptor::CPPTYPE_STRING: {
      const bool is_bytes = field.type() == FieldDescriptor::TYPE_BYTES;
      std::string v = Take(value, is_bytes ? ReadBase64(value) : ReadString(value));
      return add ? reflection.AddString(&out, &field, std::move(v))
                 : reflection.SetString(&out, &field, std::move(v));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Load(value, add ? *reflection.AddMessage(&out, &field)
                             : *reflection.MutableMessage(&out, &field));
  }
}

void Loader::LoadEnum(const Node& value, Message& out, const FieldDescriptor& field) {
  const EnumDescriptor& type = *field.enum_type();
  const EnumValueDescriptor* known = nullptr;
  if (value.kind() == Node::Kind::kNumber) {
    constexpr int kMin = std::numeric_limits<int>::min(), kMax = std::numeric_limits<int>::max();
    if (absl::StatusOr<int64_t> number = ReadSigned(value, kMin, kMax); number.ok()) {
      known = type.FindValueByNumber(static_cast<int>(*number));
    }
  } else if (value.kind() == Node::Kind::kString || value.kind() == Node::Kind::kBool) {
    known = type.FindValueByName(value.text());
  }
  if (known == nullptr) return Fail(value.position(), UnknownEnumMessage(type, value));
  const Reflection& reflection = *out.GetReflection();
  field.is_repeated() ? reflection.AddEnum(&out, &field, known)
                      : reflection.SetEnum(&out, &field, known);
}

void Loader::LoadAny(const Node& map, google::protobuf::Any& out) {
  const Node* type_url = map.kind() == Node::Kind::kMap ? map.Find(kTypeKey) : nullptr;
  if (type_url == nullptr || type_url->kind() != Node::Kind::kString) {
    return Fail(map.position(),
                "must be a map with \"@type\", the type of the other fields, such as "
                "\"@type\": type.googleapis.com/google.protobuf.Duration");
  }
  const Descriptor* type = FindMessageType(type_url->text());
  if (type == nullptr) {
    if (is_in_refused_) return out.set_type_url(type_url->text());
    if (options_.unresolved_any == UnresolvedAny::kKeepAsTypedStruct) {
      return KeepAsTypedStruct(map, type_url->text(), out);
    }
    const std::vector<std::string> near = NearMessageTypes(type_url->text());
    return Fail(type_url->position(),
                absl::StrCat("unknown @type \"", type_url->text(), "\"",
                             near.empty() ? "" : "; near: ", absl::StrJoin(near, ", ")));
  }
  std::unique_ptr<Message> message = NewMessage(*type);
  // A type with a JSON form of its own cannot have its fields beside @type.
  const bool has_own_form = type->well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
  if (has_own_form) {
    // Protobuf writes a default value as @type alone.
    const bool is_default = map.entries().size() == 1;
    const Node* value = map.Find("value");
    if (!is_default && (value == nullptr || map.entries().size() != 2)) {
      return Fail(
          map.position(),
          absl::StrCat("must hold \"@type\" and \"value\" and no more, for ", type->full_name()));
    }
    if (!is_default) {
      Step step(*this, "value");
      Load(*value, *message);
    }
  } else {
    LoadFields(map, *message, /*skip_type_key=*/true);
  }
  out.set_type_url(type_url->text());
  out.set_value(SerializeDeterministically(*message));
}

void Loader::KeepAsTypedStruct(const Node& map, const std::string& type_url,
                               google::protobuf::Any& out) {
  const Descriptor* type = FindMessageType("xds.type.v3.TypedStruct");
  if (type == nullptr) {
    return Fail(map.position(), absl::StrCat("unknown @type \"", type_url, "\""));
  }
  std::unique_ptr<Message> typed_struct = NewMessage(*type);
  const Reflection& reflection = *typed_struct->GetReflection();
  reflection.SetString(typed_struct.get(), type->FindFieldByName("type_url"), type_url);
  google::protobuf::Struct fields;
  for (const Node::Entry& entry : map.entries()) {
    if (entry.key != kTypeKey) ToValue(entry.value, (*fields.mutable_fields())[entry.key]);
  }
  reflection.MutableMessage(typed_struct.get(), type->FindFieldByName("value"))->CopyFrom(fields);
  out.set_type_url(absl::StrCat("type.googleapis.com/", type->full_name()));
  out.set_value(SerializeDeterministically(*typed_struct));
}

void Loader::LoadFieldMask(const Node& node, Message& out) {
  google::protobuf::FieldMask mask;
  if (node.kind() != Node::Kind::kString ||
      !google::protobuf::util::FieldMaskUtil::FromJsonString(node.text(), &mask)) {
    return Fail(
        node.position(),
        absl::StrCat("must be field names such as \"fooBar,baz.qux\", got ", Describe(node)));
  }
  out.CopyFrom(mask);
}

// Loads `out` if its type has a JSON form of its own. False: it is an ordinary message.
bool Loader::LoadWellKnownType(const Node& node, Message& out) {
  switch (out.GetDescriptor()->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return false;
    case Descriptor::WELLKNOWNTYPE_ANY:
      LoadAny(node, static_cast<google::protobuf::Any&>(out));
      return true;
    case Descriptor::WELLKNOWNTYPE_DURATION:
      out.CopyFrom(Take(node, ReadDuration(node)));
      return true;
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      out.CopyFrom(Take(node, ReadTimestamp(node)));
      return true;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      LoadFieldMask(node, out);
      return true;
    case Descriptor::WELLKNOWNTYPE_VALUE:
      ToValue(node, static_cast<google::protobuf::Value&>(out));
      return true;
    case Descriptor::WELLKNOWNTYPE_STRUCT:
    case Descriptor::WELLKNOWNTYPE_LISTVALUE: {
      const bool is_struct =
          out.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_STRUCT;
      if (node.kind() != (is_struct ? Node::Kind::kMap : Node::Kind::kList)) {
        Fail(node.position(),
             absl::StrCat("must be ", is_struct ? "a map" : "a list", ", got ", Describe(node)));
        return true;
      }
      google::protobuf::Value value;
      ToValue(node, value);
      is_struct ? out.CopyFrom(value.struct_value()) : out.CopyFrom(value.list_value());
      return true;
    }
    default:  // the wrappers: one scalar field called value
      LoadValue(node, out, *out.GetDescriptor()->FindFieldByName("value"));
      return true;
  }
}

}  // namespace

absl::Status LoadMessage(const Node& root, Message& out, const LoadOptions& options) {
  Loader loader(options);
  loader.Load(root, out);
  return loader.Result();
}

absl::Status LoadMessageFromText(std::string_view text, Message& out, const LoadOptions& options) {
  absl::StatusOr<Node> root = ParseDocument(text, options.file);
  if (!root.ok()) return root.status();
  return LoadMessage(*root, out, options);
}

}  // namespace outrigger::loading
