#pragma once

#include <cstdint>
#include <optional>

#include "source/http/head.h"
#include "source/http/http2/field_section.h"

namespace outrigger::http::http2 {

// A request's head as HTTP/2 sends it, made into the form that all protocols share.
// Owner: a session.  Lifetime: of one section after the other; the head that Begin got is borrowed
// until Finish.
class RequestFields {
 public:
  explicit RequestFields(const Options& options) : options_(options), section_(options) {}

  void Begin(RequestHead& head);
  void Take(FieldText name, FieldText value);
  // The section is complete: checks it as a whole. `last`: no body follows.
  [[nodiscard]] Fault Finish(bool last);
  // What content-length promised, if it was there.
  const std::optional<uint64_t>& body_length() const { return body_length_; }

 private:
  enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kPath = 4, kAuthority = 8, kProtocol = 16 };

  void TakePseudo(Pseudo which, FieldText value);
  bool Has(uint8_t all) const { return (seen_ & all) == all; }
  Fault CheckTarget();
  Fault CheckAuthority();
  Fault CheckLength(bool last);
  void JoinCookies();

  const Options& options_;
  FieldSection section_;
  RequestHead* head_ = nullptr;
  std::string_view authority_;
  std::optional<uint64_t> body_length_;
  uint8_t seen_ = 0;
};

}  // namespace outrigger::http::http2
