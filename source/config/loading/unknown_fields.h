#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

namespace outrigger::loading {

// A field of a decoded message that our schema does not have: a newer sender, or one that we do
// not implement.
struct UnknownField {
  std::string path;          // of the message it was first seen in; empty: the root
  std::string message_type;  // "envoy.config.listener.v3.Filter"
  int number = 0;
  size_t count = 0;  // over the whole root message
};

// Finds them in `message`, in everything nested in it, and inside each Any whose type is linked in.
// One entry for each message type and number, in the order of first sight.
std::vector<UnknownField> FindUnknownFields(const google::protobuf::Message& message);

// "filter_chains[0].filters[1]: unknown field 99 of envoy.config.listener.v3.Filter"
std::string Describe(const UnknownField& field);

}  // namespace outrigger::loading
