#pragma once

#include <string>

#include <google/protobuf/repeated_field.h>
#include "envoy/config/core/v3/base.pb.h"
#include "source/config/place.h"
#include "source/route/header_edits.h"

namespace outrigger::config {

// The edits of one level; `to_add` and `to_remove` are the fields' names, for errors.
route::HeaderEdits ReadHeaderEdits(
    const google::protobuf::RepeatedPtrField<envoy::config::core::v3::HeaderValueOption>& added,
    std::string_view to_add, const google::protobuf::RepeatedPtrField<std::string>& removed,
    std::string_view to_remove, const Place& place);

// The four fields that every level has: request_headers_to_add and so on.
template <typename Level>
route::HeaderEdits ReadRequestEdits(const Level& level, const Place& place) {
  return ReadHeaderEdits(level.request_headers_to_add(), "request_headers_to_add",
                         level.request_headers_to_remove(), "request_headers_to_remove", place);
}
template <typename Level>
route::HeaderEdits ReadResponseEdits(const Level& level, const Place& place) {
  return ReadHeaderEdits(level.response_headers_to_add(), "response_headers_to_add",
                         level.response_headers_to_remove(), "response_headers_to_remove", place);
}

}  // namespace outrigger::config
