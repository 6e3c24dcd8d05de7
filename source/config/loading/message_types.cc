#include "source/config/loading/message_types.h"

#include <algorithm>

#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include "source/config/loading/near_names.h"

namespace outrigger::loading {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;

std::string_view TypeName(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return slash == type_url.npos ? type_url : type_url.substr(slash + 1);
}

const Descriptor* FindMessageType(std::string_view type_url) {
  return DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(TypeName(type_url)));
}

std::unique_ptr<Message> NewMessage(const Descriptor& type) {
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
  return std::unique_ptr<Message>(prototype == nullptr ? nullptr : prototype->New());
}

std::unique_ptr<Message> DecodeAny(const google::protobuf::Any& any) {
  const Descriptor* type = FindMessageType(any.type_url());
  std::unique_ptr<Message> message = type == nullptr ? nullptr : NewMessage(*type);
  if (message == nullptr || !message->ParsePartialFromString(any.value())) return nullptr;
  return message;
}

std::vector<std::string> NearMessageTypes(std::string_view type_url) {
  constexpr size_t kShown = 3;
  const std::string_view wanted = TypeName(type_url);
  std::vector<std::string> known;
  DescriptorPool::internal_generated_database()->FindAllMessageNames(&known);
  std::vector<std::string> near = NearNames(wanted, known, kShown);
  const auto last_part = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
  for (const std::string& name : known) {
    if (near.size() >= kShown) break;
    if (last_part(name) == last_part(wanted) && std::count(near.begin(), near.end(), name) == 0) {
      near.push_back(name);
    }
  }
  return near;
}

std::string SerializeDeterministically(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&out);
  }
  return bytes;
}

}  // namespace outrigger::loading
