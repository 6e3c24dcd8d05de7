#include "source/http/http2/request_fields.h"

#include <algorithm>
#include <cstring>

#include "source/http/http1/length.h"
#include "source/http/http1/request_target.h"
#include "source/http/http1/scan.h"

namespace outrigger::http::http2 {
namespace {

bool IsMethod(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), http1::IsToken);
}

// RFC 3986 3.1
bool IsScheme(std::string_view text) {
  constexpr http1::CharSet kSchemeSet("+-.");
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return kSchemeSet.Has(c); });
}

bool IsPath(std::string_view text, Method method) {
  if (text == "*") return method == Method::kOptions;
  if (text.empty() || text.front() != '/') return false;
  const char* const end = text.data() + text.size();
  return http1::FindTargetEnd(text.data(), end) == end && text.find('#') == std::string_view::npos;
}

}  // namespace

void RequestFields::Begin(RequestHead& head) {
  head_ = &head;
  head.protocol = Protocol::kHttp2;
  authority_ = {};
  body_length_.reset();
  seen_ = 0;
  section_.Begin(FieldSection::Kind::kHead, head.headers);
}

void RequestFields::Take(FieldText name, FieldText value) {
  if (!section_.IsPseudo(name, value)) return;
  if (name.text == ":method") return TakePseudo(kMethod, value);
  if (name.text == ":scheme") return TakePseudo(kScheme, value);
  if (name.text == ":path") return TakePseudo(kPath, value);
  if (name.text == ":authority") return TakePseudo(kAuthority, value);
  if (name.text == ":protocol") return TakePseudo(kProtocol, value);
  section_.Fail(Fault::kBrokenRule);
}

void RequestFields::TakePseudo(Pseudo which, FieldText value) {
  if (Has(which)) return section_.Fail(Fault::kBrokenRule);
  seen_ |= which;
  const std::string_view text = section_.Keep(value);
  switch (which) {
    case kMethod:
      head_->method_text = text;
      head_->method = ParseMethod(text);
      break;
    case kScheme:
      head_->scheme = text;
      break;
    case kPath:
      head_->target = text;
      break;
    case kAuthority:
      authority_ = text;
      head_->headers.Add(HeaderId::kHost, text);
      break;
    case kProtocol:
      head_->upgrade = text;
      break;
  }
}

Fault RequestFields::Finish(bool last) {
  if (section_.fault() != Fault::kNone) return section_.fault();
  if (const Fault fault = CheckTarget(); fault != Fault::kNone) return fault;
  if (const Fault fault = CheckAuthority(); fault != Fault::kNone) return fault;
  if (const Fault fault = CheckLength(last); fault != Fault::kNone) return fault;
  if (head_->headers.Has(HeaderId::kCookie)) JoinCookies();
  // RFC 9110 10.1.1: not without a body to wait with.
  head_->expects_continue = !last && head_->headers.Has(HeaderId::kExpect) &&
                            HasToken(*head_->headers.Get(HeaderId::kExpect), "100-continue");
  return Fault::kNone;
}

// RFC 9113 8.3.1, 8.5; RFC 8441 4.
Fault RequestFields::CheckTarget() {
  if (!Has(kMethod) || !IsMethod(head_->method_text)) return Fault::kBrokenRule;
  const bool is_extended = Has(kProtocol);
  if (is_extended && (head_->method != Method::kConnect || !options_.allow_connect)) {
    return Fault::kBrokenRule;
  }
  if (head_->method == Method::kConnect && !is_extended) {
    const bool is_plain = !Has(kScheme) && !Has(kPath) && Has(kAuthority);
    const size_t colon = authority_.rfind(':');
    const bool has_port = colon != std::string_view::npos && colon + 1 < authority_.size();
    if (!is_plain || !has_port || !http1::IsValidAuthority(authority_)) return Fault::kBrokenRule;
    head_->target = {};
    return Fault::kNone;
  }
  if (!Has(kScheme | kPath) || !IsScheme(head_->scheme)) return Fault::kBrokenRule;
  if (!IsPath(head_->target, head_->method)) return Fault::kBrokenRule;
  if (is_extended) {
    if (!Has(kAuthority) || !IsMethod(head_->upgrade)) return Fault::kBrokenRule;
    head_->method = Method::kGet;
    head_->method_text = "GET";
  }
  return Fault::kNone;
}

// RFC 9113 8.3.1: one authority, however it is said. A request without any is for the owner of the
// stream to refuse.
Fault RequestFields::CheckAuthority() {
  HeaderMap& headers = head_->headers;
  if (!headers.Has(HeaderId::kHost)) return Fault::kNone;
  const std::string_view first = *headers.Get(HeaderId::kHost);
  if (!http1::IsValidAuthority(first)) return Fault::kBrokenRule;
  const size_t count = headers.Count(HeaderId::kHost);
  if (count == 1) return Fault::kNone;
  if (count != 2 || !Has(kAuthority)) return Fault::kBrokenRule;
  for (const Header& header : headers.entries()) {
    if (header.id == HeaderId::kHost && !EqualsIgnoreCase(header.value(), first)) {
      return Fault::kBrokenRule;
    }
  }
  headers.Set(HeaderId::kHost, first);
  return Fault::kNone;
}

Fault RequestFields::CheckLength(bool last) {
  const HeaderMap& headers = head_->headers;
  if (!headers.Has(HeaderId::kContentLength)) return Fault::kNone;
  body_length_ = http1::BodyLength(headers);
  // RFC 9113 8.5: what follows a CONNECT is not content.
  const bool is_tunnel = head_->method == Method::kConnect || !head_->upgrade.empty();
  if (!body_length_ || is_tunnel || (last && *body_length_ != 0)) return Fault::kBrokenRule;
  return Fault::kNone;
}

// RFC 9113 8.2.3: HTTP/1 knows only one cookie field.
void RequestFields::JoinCookies() {
  HeaderMap& headers = head_->headers;
  if (headers.Count(HeaderId::kCookie) < 2) return;
  size_t bytes = 0;
  for (const Header& header : headers.entries()) {
    if (header.id == HeaderId::kCookie) bytes += header.value_size + 2;
  }
  char* const joined = headers.arena().AllocateArray<char>(bytes);
  char* to = joined;
  for (const Header& header : headers.entries()) {
    if (header.id != HeaderId::kCookie) continue;
    if (to != joined) {
      *to++ = ';';
      *to++ = ' ';
    }
    if (header.value_size != 0) std::memcpy(to, header.value_data, header.value_size);
    to += header.value_size;
  }
  headers.Set(HeaderId::kCookie, {joined, static_cast<size_t>(to - joined)});
}

}  // namespace outrigger::http::http2
