#include "source/extensions/http_filters/router/grpc_status.h"

#include <cstdint>
#include <iterator>

#include "source/base/text.h"

namespace outrigger::router {

std::optional<int> HttpStatusOfGrpc(std::string_view grpc_status) {
  // OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
  // PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
  // UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
  static constexpr int kStatus[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                    400, 409, 400, 501, 500, 503, 500, 401};
  const auto number = base::ParseNumber<uint32_t>(grpc_status);
  if (!number || *number >= std::size(kStatus)) return std::nullopt;
  return kStatus[*number];
}

}  // namespace outrigger::router
