#include "source/server/admin/message_mask.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/base/text.h"
#include "source/config/loading/message_types.h"

namespace outrigger::server {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The fields that are kept. Without any: all of them.
struct FieldTree {
  std::map<std::string, FieldTree> fields;  // nests, which absl's maps cannot
};

// "a.b,c" -> {a: {b}, c}. A shorter path admits all that a longer one does.
FieldTree ReadMask(std::string_view mask) {
  FieldTree tree;
  while (!mask.empty()) {
    const size_t end = mask.find(',');
    std::string_view path = mask.substr(0, end);
    mask = end == mask.npos ? std::string_view() : mask.substr(end + 1);
    if (path.empty()) continue;
    FieldTree* at = &tree;
    bool is_covered = false;
    while (!path.empty() && !is_covered) {
      const size_t dot = path.find('.');
      const auto [child, is_new] = at->fields.try_emplace(std::string(path.substr(0, dot)));
      at = &child->second;
      is_covered = !is_new && at->fields.empty();
      path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
    }
    at->fields.clear();
  }
  return tree;
}

enum class Unknown { kRefuse, kKeepNothing };
absl::Status Keep(const FieldTree& tree, Unknown unknown, Message& message);

absl::Status KeepInAny(const FieldTree& tree, Any& any) {
  const std::unique_ptr<Message> inner = loading::DecodeAny(any);
  if (inner == nullptr) {
    any.clear_value();  // nothing in it has a name
    return absl::OkStatus();
  }
  absl::Status status = Keep(tree, Unknown::kKeepNothing, *inner);
  any.set_value(loading::SerializeDeterministically(*inner));
  return status;
}

absl::Status CheckNames(const FieldTree& tree, const Descriptor& type) {
  for (const auto& [name, below] : tree.fields) {
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) {
      return base::InvalidArgument("mask: ", type.full_name(), " has no field \"", name, "\"");
    }
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!below.fields.empty() && (!is_message || field->is_map())) {
      return base::InvalidArgument("mask: ", field->full_name(), " has no fields, got \"", name,
                                   ".", below.fields.begin()->first, "\"");
    }
  }
  return absl::OkStatus();
}

absl::Status KeepInField(const FieldTree& tree, Unknown unknown, const FieldDescriptor& field,
                         Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    return Keep(tree, unknown, *reflection.MutableMessage(&message, &field));
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    Message& element = *reflection.MutableRepeatedMessage(&message, &field, i);
    if (absl::Status status = Keep(tree, unknown, element); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Keep(const FieldTree& tree, Unknown unknown, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
    return KeepInAny(tree, static_cast<Any&>(message));
  }
  if (unknown == Unknown::kRefuse) {
    if (absl::Status status = CheckNames(tree, type); !status.ok()) return status;
  }
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const auto kept = tree.fields.find(field->name());
    if (kept == tree.fields.end()) {
      message.GetReflection()->ClearField(&message, field);
      continue;
    }
    if (kept->second.fields.empty()) continue;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) {
      message.GetReflection()->ClearField(&message, field);
      continue;
    }
    absl::Status status = KeepInField(kept->second, unknown, *field, message);
    if (!status.ok()) return status;
  }
  message.GetReflection()->MutableUnknownFields(&message)->Clear();
  return absl::OkStatus();
}

}  // namespace

absl::Status KeepMasked(std::string_view mask, Message& message) {
  const FieldTree tree = ReadMask(mask);
  if (tree.fields.empty()) return base::InvalidArgument("mask: names no field");
  return Keep(tree, Unknown::kRefuse, message);
}

}  // namespace outrigger::server
