#include "source/http/http1/framing.h"

#include "source/http/http1/fields.h"
#include "source/http/http1/length.h"

namespace outrigger::http::http1 {
namespace {

using Kind = Framing::Kind;

Framing Refuse(const Refusal& refusal) { return {.refusal = &refusal}; }

Framing ParseLength(const ParsedHead& head, const char* base) {
  if (CountOf(head, HeaderId::kContentLength) != 1) return Refuse(kSeveralLengths);
  const std::string_view text = FirstValue(head, base, HeaderId::kContentLength);
  if (text.find(',') != std::string_view::npos) return Refuse(kSeveralLengths);
  const std::optional<uint64_t> length = ParseDecimal(text);
  if (!length) return Refuse(kBadLength);
  return {.kind = *length == 0 ? Kind::kNone : Kind::kLength, .length = *length};
}

// Exactly one coding, and it is chunked. What is well-formed but asks for more is 501 (RFC 9112
// 6.1), what does not end in chunked leaves the length open and is 400.
Framing ParseCoding(const ParsedHead& head, const char* base) {
  if (head.protocol == Protocol::kHttp10) return Refuse(kCodingInHttp10);
  if (CountOf(head, HeaderId::kTransferEncoding) != 1) return Refuse(kBadCoding);
  const std::string_view coding = FirstValue(head, base, HeaderId::kTransferEncoding);
  if (EqualsIgnoreCase(coding, "chunked")) return {.kind = Kind::kChunked};
  const size_t comma = coding.rfind(',');
  if (comma == std::string_view::npos) return Refuse(kBadCoding);
  const bool ends_in_chunked = HasToken(coding.substr(comma + 1), "chunked");
  const bool has_it_before = HasToken(coding.substr(0, comma), "chunked");
  const bool has_empty_member = HasToken(coding, "");
  if (!ends_in_chunked || has_it_before || has_empty_member) return Refuse(kBadCoding);
  return Refuse(kOtherCoding);
}

}  // namespace

Framing DecideRequestFraming(const ParsedHead& head, const char* base) {
  const bool has_length = head.Has(HeaderId::kContentLength);
  const bool has_coding = head.Has(HeaderId::kTransferEncoding);
  if (!has_length && !has_coding) return {};
  if (has_length && has_coding) return Refuse(kLengthAndCoding);
  return has_coding ? ParseCoding(head, base) : ParseLength(head, base);
}

Framing DecideResponseFraming(const ParsedHead& head, const char* base, Method method) {
  const bool has_length = head.Has(HeaderId::kContentLength);
  const bool has_coding = head.Has(HeaderId::kTransferEncoding);
  if (has_length && has_coding) return Refuse(kLengthAndCoding);
  Framing framing{.kind = Kind::kUntilClose};
  if (has_coding) framing = ParseCoding(head, base);
  if (has_length) framing = ParseLength(head, base);
  if (framing.refusal != nullptr) return framing;
  if (head.status < 200 || head.status == 204) {
    // RFC 9112 6.1: a coding must not be there; a length says nothing.
    return has_coding ? Refuse(kCodingWithoutBody) : Framing{};
  }
  // What these heads say about a body is about the one that a GET would have got.
  if (method == Method::kHead || head.status == 304) return {};
  return framing;
}

}  // namespace outrigger::http::http1
