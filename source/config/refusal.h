#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include "source/config/place.h"

namespace outrigger::config {

// Whether the field is marked as not implemented.
bool IsNotImplemented(const google::protobuf::FieldDescriptor& field);

// Refuses by name what the schema declares and marks as not implemented
// (outrigger.annotations.v1): fields that are set, enum values that are used, at any depth, also
// inside each Any and TypedStruct whose type is linked in. A false or 0 in a wrapper counts as not
// set: all such fields are switches that are off by default.
void RefuseNotImplemented(const google::protobuf::Message& resource, const Place& place);

}  // namespace outrigger::config
