#include "source/http/local_reply.h"

#include "source/base/text.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/status.h"

namespace outrigger::http {
namespace {

void FillGrpcReply(const LocalReply& reply, ResponseHead& head) {
  base::Arena& arena = head.headers.arena();
  const int code =
      reply.grpc_status.value_or(static_cast<int>(grpc::CodeOfHttpStatus(reply.status)));
  head.status = 200;
  head.headers.Add(HeaderId::kContentType, grpc::kContentType);
  head.headers.Add(HeaderId::kGrpcStatus, arena.Copy(base::StrCat(code)));
  if (!reply.body.empty()) {
    head.headers.Add(HeaderId::kGrpcMessage, arena.Copy(grpc::PercentEncode(reply.body)));
  }
  for (const auto& [name, value] : reply.headers) {
    const HeaderId id = FindHeaderId(name);
    if (id == HeaderId::kContentType || id == HeaderId::kContentLength) continue;
    head.headers.AddCopy(name, value);
  }
}

}  // namespace

base::Buffer FillLocalReply(LocalReply& reply, std::string_view content_type, ReplyForm form,
                            const RequestHead& request, ResponseHead& head) {
  head.reason = {};
  head.switches_protocol = false;
  head.headers.Clear();
  if (form == ReplyForm::kGrpc) {
    FillGrpcReply(reply, head);
    return {};
  }
  head.status = reply.status;
  const bool may_have_body = reply.status >= 200 && reply.status != 204 && reply.status != 304;
  base::Buffer body;
  if (may_have_body) {
    base::Arena& arena = head.headers.arena();
    head.headers.Add(HeaderId::kContentLength, arena.Copy(base::StrCat(reply.body.size())));
    if (!reply.body.empty()) {
      head.headers.Add(HeaderId::kContentType, arena.Copy(content_type));
      if (request.method != Method::kHead) body.Append(reply.body);
    }
  }
  for (const auto& [name, value] : reply.headers) {
    // A filter that says what its body is means it instead of the usual one.
    if (FindHeaderId(name) == HeaderId::kContentType) head.headers.Remove(HeaderId::kContentType);
    head.headers.AddCopy(name, value);
  }
  return body;
}

}  // namespace outrigger::http
