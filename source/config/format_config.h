#pragma once

#include <optional>
#include <string>

#include "envoy/config/core/v3/substitution_format_string.pb.h"
#include "source/config/place.h"
#include "source/http/access_format.h"

namespace outrigger::config {

// The compiled format; nullopt: refused at `place`.
std::optional<http::AccessFormat> ReadFormat(
    const envoy::config::core::v3::SubstitutionFormatString& format, const Place& place);

// A JSON object as a format. Its keys are in the order of their names, the only one that a Struct
// has once it was sent.
http::FormatTree ToFormatTree(const google::protobuf::Struct& fields);

}  // namespace outrigger::config
