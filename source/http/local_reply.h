#pragma once

#include <string_view>

#include "source/base/buffer.h"
#include "source/http/filter.h"

namespace outrigger::http {

// Fills `head` (empty before) from a local reply: status, the reply's headers, content-length and,
// when there is a body, `content_type`. Returns the body; empty for HEAD and for statuses that have
// none (RFC 9110 6.4.1), with the content-length that a GET would have had.
base::Buffer FillLocalReply(LocalReply& reply, std::string_view content_type, Method request_method,
                            ResponseHead& head);

}  // namespace outrigger::http
