#include "source/config/open_any.h"

#include <string>
#include <vector>

#include "source/config/loading/message_types.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {

std::unique_ptr<google::protobuf::Message> OpenAny(const google::protobuf::Any& any) {
  const auto* type = loading::FindMessageType(loading::ResolvedTypeName(any));
  std::unique_ptr<google::protobuf::Message> message =
      type == nullptr ? nullptr : loading::NewMessage(*type);
  if (message == nullptr) return nullptr;
  std::vector<std::string> unknown_fields;
  if (!loading::UnpackAny(any, *message, &unknown_fields).ok()) return nullptr;
  return message;
}

}  // namespace outrigger::config
