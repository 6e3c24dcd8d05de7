#include "source/http/local_reply.h"
#include "source/base/text.h"

namespace outrigger::http {

base::Buffer FillLocalReply(LocalReply& reply, std::string_view content_type, Method request_method,
                            ResponseHead& head) {
  head.status = reply.status;
  head.reason = {};
  head.switches_protocol = false;
  head.headers.Clear();
  const bool may_have_body = reply.status >= 200 && reply.status != 204 && reply.status != 304;
  base::Buffer body;
  if (may_have_body) {
    base::Arena& arena = head.headers.arena();
    head.headers.Add(HeaderId::kContentLength, arena.Copy(base::StrCat(reply.body.size())));
    if (!reply.body.empty()) {
      head.headers.Add(HeaderId::kContentType, arena.Copy(content_type));
      if (request_method != Method::kHead) body.Append(reply.body);
    }
  }
  for (const auto& [name, value] : reply.headers) head.headers.AddCopy(name, value);
  return body;
}

}  // namespace outrigger::http
