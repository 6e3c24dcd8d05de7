#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace outrigger::loading {

// "type.googleapis.com/a.b.C" -> "a.b.C". Only what follows the last '/' names a type; control
// planes put various hosts before it.
std::string_view TypeName(std::string_view type_url);

// The message type that a type URL names, if it is linked into this binary; else nullptr.
const google::protobuf::Descriptor* FindMessageType(std::string_view type_url);

// An empty message of a linked-in type.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

// The message inside `any`, or nullptr where its type is not linked in or its bytes are not valid.
std::unique_ptr<google::protobuf::Message> DecodeAny(const google::protobuf::Any& any);

// Linked-in message types with a name near that of `type_url`: spelled alike, or with the same last
// part in another package. For error messages; it walks every linked-in type.
std::vector<std::string> NearMessageTypes(std::string_view type_url);

// Equal messages give equal bytes, whatever the order of their maps in memory.
std::string SerializeDeterministically(const google::protobuf::Message& message);

}  // namespace outrigger::loading
