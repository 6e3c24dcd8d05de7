#pragma once

#include <memory>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

namespace outrigger::config {

// The message that `any` stands for, also when it comes as a TypedStruct; null where the type is
// not linked in or the content does not fit it. Unknown fields do not matter here.
std::unique_ptr<google::protobuf::Message> OpenAny(const google::protobuf::Any& any);

// Deeper than this nobody nests extensions; the walks over resources stop there, so that no
// resource can exhaust the stack.
inline constexpr int kMaxResourceDepth = 200;

}  // namespace outrigger::config
