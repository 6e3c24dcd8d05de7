#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "source/base/free_list.h"
#include "source/http/codec.h"
#include "source/http/http2/field_section.h"
#include "source/http/http2/stream.h"

namespace outrigger::http::http2 {

class ClientSession;

// One exchange of a ClientSession: our request out, the response in. Internal to this folder.
// Owner: the session's StreamTable.
class ClientStream final : public Stream,
                           public RequestWriter,
                           public base::Recycled<ClientStream> {
 public:
  ClientStream(Framer& framer, ClientSession& session, ResponseReceiver& receiver)
      : Stream(framer), session_(session), receiver_(&receiver) {}

  // RequestWriter
  void WriteHead(const RequestHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const HeaderMap& trailers) override { QueueTrailers(trailers); }
  void Reset() override;
  void PauseReading() override { Pause(); }
  void ResumeReading() override { Resume(); }

  // The peer's SETTINGS came, which a request with `upgrade` waited for.
  void OnPeerSettings();

  // From the session, inside nghttp2. The receiver is null when it wants to hear nothing more.
  ResponseReceiver* receiver() { return receiver_; }
  void BeginSection(FieldSection& section);
  void TakeField(FieldSection& section, FieldText name, FieldText value);
  void EndSection(FieldSection& section, bool last);

  // Stream
  void Deliver() override;
  void OnConnectionLost(std::string_view detail) override;

 private:
  enum class Phase : uint8_t { kHead, kBody };

  bool is_let_go() const override { return receiver_ == nullptr; }
  void OnBadLength() override { Malformed(Fault::kBrokenRule); }
  void Submit(const FieldList& fields, bool last);
  void TakeHead(bool last);
  void TakeStatus(FieldSection& section, FieldText value);
  void Malformed(Fault fault);
  void Fail(const StreamError& error);
  void DeliverBody();
  // The response's last piece, and what the receiver is told it with.
  void DeliverLast(base::Buffer* piece);
  void Finish();
  StreamError CloseError() const;
  ResponseReceiver* TakeReceiver() { return std::exchange(receiver_, nullptr); }

  ClientSession& session_;
  ResponseReceiver* receiver_;
  std::unique_ptr<KeptFields> waiting_head_;  // until the peer's SETTINGS
  std::optional<StreamError> error_;          // to be reported
  Method method_ = Method::kOther;
  uint16_t informational_ = 0;
  Phase phase_ = Phase::kHead;     // what the next section is: a head, or trailers
  bool has_status_ = false;        // of the section that is being read
  bool is_upgrade_ = false;        // extended CONNECT
  bool is_tunnel_ = false;         // each half ends by itself
  bool is_response_over_ = false;  // its last piece was delivered, while the request goes on
  bool is_head_due_ = false;       // OnResponseHead, or OnInformational
  bool has_response_trailers_ = false;
};

}  // namespace outrigger::http::http2
