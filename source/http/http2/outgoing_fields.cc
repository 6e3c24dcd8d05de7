#include "source/http/http2/outgoing_fields.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace outrigger::http::http2 {
namespace {

constexpr uint64_t Bit(HeaderId id) { return uint64_t{1} << static_cast<int>(id); }

constexpr uint64_t kForConnection = Bit(HeaderId::kConnection) | Bit(HeaderId::kKeepAlive) |
                                    Bit(HeaderId::kProxyConnection) |
                                    Bit(HeaderId::kTransferEncoding) | Bit(HeaderId::kUpgrade);
constexpr uint64_t kLeftOut = kForConnection | Bit(HeaderId::kHost) | Bit(HeaderId::kTe);
// Framing, routing, authentication and what tells how to read the content.
constexpr uint64_t kNotInTrailers =
    kLeftOut | Bit(HeaderId::kContentLength) | Bit(HeaderId::kTrailer) | Bit(HeaderId::kExpect) |
    Bit(HeaderId::kAuthorization) | Bit(HeaderId::kProxyAuthorization) |
    Bit(HeaderId::kProxyAuthenticate) | Bit(HeaderId::kCookie) | Bit(HeaderId::kSetCookie) |
    Bit(HeaderId::kContentType) | Bit(HeaderId::kContentEncoding) | Bit(HeaderId::kCacheControl);
// Values that no later message repeats: in the HPACK table they would only push out others.
constexpr uint64_t kNotIndexed = Bit(HeaderId::kXRequestId) |
                                 Bit(HeaderId::kXEnvoyExpectedRqTimeoutMs) |
                                 Bit(HeaderId::kXEnvoyUpstreamServiceTime);

uint8_t* Bytes(const char* text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text)); }

bool HasUpperCase(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void AppendHeader(const Header& header, FieldList& out) {
  uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  std::string_view name = header.name();
  if (header.id != HeaderId::kOther) {
    name = HeaderName(header.id);
    flags |= NGHTTP2_NV_FLAG_NO_COPY_NAME;
    if ((kNotIndexed & Bit(header.id)) != 0) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  } else if (!HasUpperCase(name)) {
    flags |= NGHTTP2_NV_FLAG_NO_COPY_NAME;  // else nghttp2 makes a copy in lower case
  }
  out.push_back({.name = Bytes(name.data()),
                 .value = Bytes(header.value_data),
                 .namelen = name.size(),
                 .valuelen = header.value_size,
                 .flags = flags});
}

}  // namespace

void AppendField(std::string_view name, std::string_view value, FieldList& out) {
  out.push_back({.name = Bytes(name.data()),
                 .value = Bytes(value.data()),
                 .namelen = name.size(),
                 .valuelen = value.size(),
                 .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
}

void AppendHeaders(const HeaderMap& headers, FieldList& out) {
  for (const Header& header : headers.entries()) {
    if ((kLeftOut & Bit(header.id)) == 0) [[likely]] {
      AppendHeader(header, out);
    } else if (header.id == HeaderId::kTe && HasToken(header.value(), "trailers")) {
      AppendField("te", "trailers", out);
    }
  }
}

void AppendTrailers(const HeaderMap& trailers, FieldList& out) {
  for (const Header& header : trailers.entries()) {
    if (MayStandInTrailers(header.id)) AppendHeader(header, out);
  }
}

KeptFields::KeptFields(FieldList fields) : fields_(std::move(fields)) {
  size_t bytes = 0;
  for (const nghttp2_nv& field : fields_) bytes += field.namelen + field.valuelen;
  bytes_ = std::make_unique<char[]>(bytes);
  char* to = bytes_.get();
  const auto keep = [&to](uint8_t*& text, size_t size) {
    if (size != 0) std::memcpy(to, text, size);
    text = reinterpret_cast<uint8_t*>(to);
    to += size;
  };
  for (nghttp2_nv& field : fields_) {
    keep(field.name, field.namelen);
    keep(field.value, field.valuelen);
  }
}

bool MayStandInTrailers(HeaderId id) { return (kNotInTrailers & Bit(id)) == 0; }

bool IsForConnection(HeaderId id, std::string_view value) {
  if (id == HeaderId::kTe) return value != "trailers";
  return (kForConnection & Bit(id)) != 0;
}

}  // namespace outrigger::http::http2
