#include "source/config/fingerprint.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include "absl/hash/hash.h"
#include "source/config/loading/message_types.h"
#include "source/config/open_any.h"

namespace outrigger::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Writes a form that is the same for messages that mean the same: every field with its number, its
// count and its value, in the order of numbers; texts with their length before them.
class CanonicalForm {
 public:
  void Write(const Message& message) {
    if (++depth_ <= kMaxResourceDepth) {
      if (message.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
        WriteAny(static_cast<const google::protobuf::Any&>(message));
      } else {
        WriteFields(message);
      }
    }
    --depth_;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void Number(uint64_t number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }

  void Text(std::string_view text) {
    Number(text.size());
    bytes_ += text;
  }

  void WriteAny(const google::protobuf::Any& any) {
    const std::unique_ptr<Message> inner = OpenAny(any);
    if (inner != nullptr) {
      Text(inner->GetDescriptor()->full_name());
      WriteFields(*inner);
    } else {
      Text(loading::TypeName(any.type_url()));
      Text(any.value());
    }
  }

  void WriteFields(const Message& message) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    Number(fields.size());
    for (const FieldDescriptor* field : fields) {
      Number(static_cast<uint64_t>(field->number()));
      if (field->is_map()) {
        WriteMap(message, *field);
      } else if (field->is_repeated()) {
        const int size = reflection.FieldSize(message, field);
        Number(static_cast<uint64_t>(size));
        for (int i = 0; i < size; ++i) WriteItem(message, *field, i);
      } else {
        WriteSingle(message, *field);
      }
    }
  }

  void WriteMap(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<std::string> entries;
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      CanonicalForm entry;
      entry.depth_ = depth_;
      entry.Write(reflection.GetRepeatedMessage(message, &field, i));
      entries.push_back(std::move(entry.bytes_));
    }
    std::sort(entries.begin(), entries.end());
    Number(entries.size());
    for (const std::string& entry : entries) Text(entry);
  }

  void WriteSingle(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Number(static_cast<uint64_t>(reflection.GetInt32(message, &field)));
      case FieldDescriptor::CPPTYPE_INT64:
        return Number(static_cast<uint64_t>(reflection.GetInt64(message, &field)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return Number(reflection.GetUInt32(message, &field));
      case FieldDescriptor::CPPTYPE_UINT64:
        return Number(reflection.GetUInt64(message, &field));
      case FieldDescriptor::CPPTYPE_BOOL:
        return Number(reflection.GetBool(message, &field) ? 1 : 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Number(static_cast<uint64_t>(reflection.GetEnumValue(message, &field)));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Real(reflection.GetFloat(message, &field));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Real(reflection.GetDouble(message, &field));
      case FieldDescriptor::CPPTYPE_STRING:
        return Text(reflection.GetString(message, &field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetMessage(message, &field));
    }
  }

  void WriteItem(const Message& message, const FieldDescriptor& field, int at) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Number(static_cast<uint64_t>(reflection.GetRepeatedInt32(message, &field, at)));
      case FieldDescriptor::CPPTYPE_INT64:
        return Number(static_cast<uint64_t>(reflection.GetRepeatedInt64(message, &field, at)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return Number(reflection.GetRepeatedUInt32(message, &field, at));
      case FieldDescriptor::CPPTYPE_UINT64:
        return Number(reflection.GetRepeatedUInt64(message, &field, at));
      case FieldDescriptor::CPPTYPE_BOOL:
        return Number(reflection.GetRepeatedBool(message, &field, at) ? 1 : 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Number(static_cast<uint64_t>(reflection.GetRepeatedEnumValue(message, &field, at)));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Real(reflection.GetRepeatedFloat(message, &field, at));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Real(reflection.GetRepeatedDouble(message, &field, at));
      case FieldDescriptor::CPPTYPE_STRING:
        return Text(reflection.GetRepeatedString(message, &field, at));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetRepeatedMessage(message, &field, at));
    }
  }

  void Real(double number) {
    uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof(bits));
    Number(bits);
  }

  std::string bytes_;
  int depth_ = 0;
};

}  // namespace

uint64_t Fingerprint(const Message& message) {
  CanonicalForm form;
  form.Write(message);
  return absl::Hash<std::string>()(form.bytes());
}

}  // namespace outrigger::config
