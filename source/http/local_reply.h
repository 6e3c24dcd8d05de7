#pragma once

#include <string_view>

#include "source/base/buffer.h"
#include "source/http/filter.h"

namespace outrigger::http {

// Fills `head` from a local reply to `request`: status, the reply's headers, content-length and,
// when there is a body, `content_type`. Returns the body; empty for HEAD and for statuses that have
// none (RFC 9110 6.4.1), with the content-length that a GET would have had.
// A gRPC request gets the answer that gRPC clients read: 200, grpc-status (the reply's, or made
// from its status), the reply's text as grpc-message, and no body.
base::Buffer FillLocalReply(LocalReply& reply, std::string_view content_type,
                            const RequestHead& request, ResponseHead& head);

}  // namespace outrigger::http
