#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/http/codec.h"
#include "source/http/http2/client_session.h"

namespace outrigger::http::http2 {

// One exchange of a ClientSession. Internal to this folder.
// Owner: the session; gone when nghttp2 has closed it and the receiver heard its last call.
class ClientStream final : public RequestWriter {
 public:
  ClientStream(ClientSession& session, ResponseReceiver& receiver)
      : session_(session), receiver_(&receiver) {}

  // RequestWriter
  void WriteHead(const RequestHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const HeaderMap& trailers) override;
  void Reset() override;
  void PauseReading() override { ++pauses_; }
  void ResumeReading() override;

  // From nghttp2.
  void BeginHeaders();
  bool TakeHeader(std::string_view name, std::string_view value);
  void EndHeaders(bool last);
  void TakeBody(std::string_view bytes);
  void TakeEnd();
  void TakeClose(uint32_t error_code);
  // Copies up to `room` bytes of the request's body; sets `is_end` behind the last one.
  size_t GiveBody(char* to, size_t room, bool& is_end);

  // From the session, at the end of an event.
  void Deliver();
  void Fail(const StreamError& error);
  bool is_finished() const { return is_closed_ && receiver_ == nullptr; }
  bool has_trailers_to_send() const { return !trailers_.empty(); }
  void SubmitTrailers();

 private:
  enum class Phase : uint8_t { kHead, kBody, kTrailers, kEnded };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  static Fields FieldsOf(const HeaderMap& headers);
  void Submit(const Fields& fields, bool last);
  void Cancel(uint32_t error_code);
  void UpdateWatermark();

  ClientSession& session_;
  ResponseReceiver* receiver_;  // null: no call is wanted any more
  int32_t id_ = -1;
  Phase phase_ = Phase::kHead;  // of the response, as it was received
  // Request
  base::Buffer output_;
  Fields trailers_;
  bool output_ended_ = false;
  bool is_output_high_ = false;
  bool is_deferred_ = false;  // nghttp2 waits for body
  // Response
  base::Buffer held_;  // received, not delivered
  size_t head_bytes_ = 0;
  size_t head_fields_ = 0;
  uint32_t informational_ = 0;
  uint16_t pauses_ = 0;
  bool end_held_ = false;  // the end was received, not delivered
  bool has_response_trailers_ = false;
  bool is_closed_ = false;  // nghttp2 knows it no longer
};

}  // namespace outrigger::http::http2
