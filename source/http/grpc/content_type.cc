#include "source/http/grpc/content_type.h"

namespace outrigger::http::grpc {

bool IsGrpcContentType(std::string_view type) {
  if (!type.starts_with(kContentType)) return false;
  return type.size() == kContentType.size() || type[kContentType.size()] == '+' ||
         type[kContentType.size()] == ';';
}

bool IsGrpcRequest(const RequestHead& head) {
  const auto type = head.headers.Get(HeaderId::kContentType);
  return type && IsGrpcContentType(*type);
}

bool IsGrpcResponse(const ResponseHead& head, bool last) {
  if (last) return head.headers.Has(HeaderId::kGrpcStatus);
  const auto type = head.headers.Get(HeaderId::kContentType);
  return head.status == 200 && type && IsGrpcContentType(*type);
}

}  // namespace outrigger::http::grpc
