#pragma once

#include <string_view>

#include "source/http/head.h"

namespace outrigger::http::grpc {

inline constexpr std::string_view kContentType = "application/grpc";

// Whether a content-type says gRPC: "application/grpc", alone or with "+proto" or ";..." behind it.
// gRPC-Web ("application/grpc-web") is another protocol.
bool IsGrpcContentType(std::string_view type);

// Whether the request speaks gRPC, by its content-type.
bool IsGrpcRequest(const RequestHead& head);
// Whether a response does. `last`: nothing follows the head; it then must say grpc-status itself.
bool IsGrpcResponse(const ResponseHead& head, bool last);

}  // namespace outrigger::http::grpc
