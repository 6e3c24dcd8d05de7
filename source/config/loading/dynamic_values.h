#pragma once

#include <google/protobuf/struct.pb.h>
#include "source/config/loading/document.h"

namespace outrigger::loading {

// Between a document and google.protobuf.Value, which has no field names to check. Numbers become
// doubles, as everywhere in Struct.
void ToValue(const Node& node, google::protobuf::Value& out);
Node FromStruct(const google::protobuf::Struct& fields);

}  // namespace outrigger::loading
