#pragma once

#include <google/protobuf/message.h>

namespace outrigger::server {

// Empties, at any depth, each Any and TypedStruct of `message` whose content we have no schema for:
// nobody can tell which of its bytes are a secret. A refused resource is often just that, a cluster
// with TLS keys, say. Their type stays.
void ClearUnknownContent(google::protobuf::Message& message);

}  // namespace outrigger::server
