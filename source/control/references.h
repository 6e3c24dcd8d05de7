#pragma once

#include <vector>

#include <google/protobuf/message.h>
#include "source/control/resource.h"

namespace outrigger::control {

// Every other resource that `resource` names: routes of a listener, endpoints of a cluster,
// clusters of a route, at any depth and inside each Any whose type is linked in.
std::vector<Reference> FindReferences(const google::protobuf::Message& resource);

}  // namespace outrigger::control
