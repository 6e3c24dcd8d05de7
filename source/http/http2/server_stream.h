#pragma once

#include <cstdint>
#include <string_view>

#include "source/base/free_list.h"
#include "source/http/codec.h"
#include "source/http/http2/field_section.h"
#include "source/http/http2/stream.h"

namespace outrigger::http::http2 {

// One exchange of a ServerSession: the request in, the response out. Internal to this folder.
// Owner: the session's StreamTable.
class ServerStream final : public Stream,
                           public ResponseWriter,
                           public base::Recycled<ServerStream> {
 public:
  // Announces the stream; the receiver's head is there to be filled.
  ServerStream(Framer& framer, int32_t id, ServerStreams& streams);

  // ResponseWriter
  void WriteInformational(const ResponseHead& head) override;
  void WriteHead(const ResponseHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const HeaderMap& trailers) override;
  void Reset(const StreamError& error) override;
  void PauseReading() override { Pause(); }
  void ResumeReading() override { Resume(); }

  // From the session, inside nghttp2. The receiver is null when it wants to hear nothing more.
  RequestReceiver* receiver() { return receiver_; }
  bool has_head() const { return has_head_; }
  // The head is complete. `length`: of the body, if content-length said it.
  void TakeHead(Fault fault, std::optional<uint64_t> length, bool last);
  void TakeTrailers(Fault fault, bool last);

  // Stream
  void OnEndSent() override;
  void Deliver() override;
  void OnConnectionLost(std::string_view detail) override;

 private:
  bool is_let_go() const override { return is_user_done_; }
  void OnBadLength() override { Malformed(Fault::kBrokenRule); }
  void Malformed(Fault fault);
  void ReportFault();
  void ReportReset();
  void DeliverBody();
  void DeliverLast(base::Buffer& piece);
  // The response's last piece was written.
  void EndResponse();
  void Finish() { receiver_ = nullptr; }
  RequestReceiver* TakeReceiver() { return std::exchange(receiver_, nullptr); }

  RequestReceiver* receiver_;
  Method method_ = Method::kOther;
  Fault fault_ = Fault::kNone;
  bool has_head_ = false;      // the request's section was read, good or bad
  bool is_head_due_ = false;   // OnRequestHead
  bool is_fault_due_ = false;  // OnRequestError for fault_
  bool has_request_trailers_ = false;
  bool is_user_done_ = false;      // the response's last piece was written, or Reset called
  bool drops_body_ = false;        // the response has none, whatever is written
  bool is_tunnel_ = false;         // each half ends by itself
  bool is_request_over_ = false;   // its last piece was delivered
  bool is_response_over_ = false;  // its last piece was written, while the request goes on
};

}  // namespace outrigger::http::http2
