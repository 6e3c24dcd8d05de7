#pragma once

#include <optional>

#include "source/downstream/http_options.h"
#include "source/http/filter.h"
#include "source/http/head.h"

namespace outrigger::downstream {

// Why a request head is turned away before a route is looked for, as the answer to give.
using Rejection = http::LocalReply;

// Runs all checks in order (the table is in the .cc); each may put the head into shape. Cost for an
// ordinary request: one pass over the target and one over the names.
std::optional<Rejection> CheckRequest(http::RequestHead& head, const HttpOptions& options);

}  // namespace outrigger::downstream
