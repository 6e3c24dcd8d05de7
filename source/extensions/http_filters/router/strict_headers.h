#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "source/http/filter.h"
#include "source/http/head.h"

namespace outrigger::router {

// One of strict_check_headers: the bit of its name; an unknown name is an error that lists the
// known ones.
absl::StatusOr<uint32_t> StrictHeaderBit(std::string_view name);

// The answer to a request whose x-envoy-* headers among `bits` have a value that cannot be read.
std::optional<http::LocalReply> CheckStrictHeaders(uint32_t bits, const http::RequestHead& head);

}  // namespace outrigger::router
