#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/extensions/http_filters/grpc_json_transcoder/json_scanner.h"
#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"
#include "source/http/filter.h"
#include "source/http/grpc/message_reader.h"
#include "source/http/grpc/status.h"

namespace outrigger::grpc_json_transcoder {

// The filter on one stream.
// Request: unless the client streams, the body is collected and becomes one message; a stream is
// cut into messages as it comes. Response: unless the server streams, it is collected and its head
// waits for the trailers, which decide the HTTP status; of a stream each message goes on at once.
// Limits: Transcoding's on a message each way. Above: 413 to a request, 500 or a reset to a
// response.
class TranscoderStream final : public http::HttpFilter {
 public:
  TranscoderStream(const Transcoding& of_filter, http::FilterStream& stream)
      : in_force_(&of_filter), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead& head, bool last) override;
  http::Verdict OnRequestBody(base::Buffer& piece, bool last) override;
  http::Verdict OnRequestTrailers(http::HeaderMap& trailers) override;
  http::Verdict OnWholeRequest(http::RequestHead& head, base::Buffer& body,
                               http::HeaderMap& trailers) override;
  http::Verdict OnResponseHead(http::ResponseHead& head, bool last) override;
  http::Verdict OnResponseBody(base::Buffer& piece, bool last) override;
  http::Verdict OnResponseTrailers(http::HeaderMap& trailers) override;
  http::Verdict OnWholeResponse(http::ResponseHead& head, base::Buffer& body,
                                http::HeaderMap& trailers) override;

 private:
  // Turns the head into that of the gRPC call.
  void RewriteHead(http::RequestHead& head);
  // Replaces what the client streams by frames.
  absl::Status TranslateItems(base::Buffer& piece, bool last);
  absl::Status TranslateRaw(base::Buffer& piece, bool last);
  absl::Status EndItems();
  // Appends a message for the client, with what a stream has around it.
  void AppendStreamed(std::string_view text, base::Buffer& out);
  // What ends a stream of messages for the client.
  base::Buffer StreamEnd();
  // Makes `head` that of an error and returns its body.
  base::Buffer FillError(http::ResponseHead& head, const http::grpc::Status& status,
                         const http::HeaderMap& trailers);
  // For access logs: the trailers that say it do not leave the filter.
  void NoteStatus(const http::grpc::Status& status);
  http::Verdict Refuse(const absl::Status& status);
  http::Verdict BadResponse(std::string_view why);
  std::string_view RawContentType(const http::RequestHead& head) const;

  const Transcoding* in_force_;  // of the factory or of the route; the stream's snapshots keep both
  http::FilterStream& stream_;
  Transcoding::Call call_;
  std::string content_type_;                   // of a streamed raw body
  std::optional<JsonArraySplitter> splitter_;  // of a JSON stream from the client
  bool has_sent_first_ = false;                // message to the service
  std::optional<http::grpc::MessageReader> reader_;
  bool has_answered_first_ = false;  // message to the client
};

}  // namespace outrigger::grpc_json_transcoder
