#pragma once

#include <cstdint>

#include <google/protobuf/message.h>

namespace outrigger::config {

// Equal for two messages that mean the same, whatever the order of their maps, the bytes inside
// their Anys, the prefix of type URLs, a TypedStruct around a known type, or fields that this
// binary does not know. Different messages differ but for chance, 2^-64. Not stable over restarts.
uint64_t Fingerprint(const google::protobuf::Message& message);

}  // namespace outrigger::config
