#include "source/http/http1/fields.h"

#include <algorithm>

namespace outrigger::http::http1 {
namespace {

constexpr uint64_t kDropped = FieldBit(HeaderId::kConnection) | FieldBit(HeaderId::kKeepAlive) |
                              FieldBit(HeaderId::kProxyConnection) |
                              FieldBit(HeaderId::kTransferEncoding) | FieldBit(HeaderId::kUpgrade);
constexpr uint64_t kHopByHop = kDropped | FieldBit(HeaderId::kTe);
constexpr uint64_t kNotInTrailers =
    kHopByHop | FieldBit(HeaderId::kContentLength) | FieldBit(HeaderId::kHost) |
    FieldBit(HeaderId::kTrailer) | FieldBit(HeaderId::kExpect) |
    FieldBit(HeaderId::kAuthorization) | FieldBit(HeaderId::kProxyAuthorization) |
    FieldBit(HeaderId::kProxyAuthenticate) | FieldBit(HeaderId::kCookie) |
    FieldBit(HeaderId::kSetCookie) | FieldBit(HeaderId::kContentType) |
    FieldBit(HeaderId::kContentEncoding) | FieldBit(HeaderId::kCacheControl);

bool AnyValueHasToken(const ParsedHead& parsed, const char* base, HeaderId id,
                      std::string_view token) {
  if (!parsed.Has(id)) return false;
  return std::any_of(parsed.fields.begin(), parsed.fields.end(), [&](const Field& field) {
    return field.id == id && HasToken(field.value(base), token);
  });
}

}  // namespace

void AddEndToEndFields(const ParsedHead& parsed, const char* base, HeaderMap& headers) {
  // Room for what is added on the way without growing.
  constexpr size_t kSpare = 8;
  headers.Reserve(parsed.fields.size() + kSpare);
  if ((parsed.present & kHopByHop) == 0) [[likely]] {
    for (const Field& field : parsed.fields) {
      headers.Add(field.id, field.name(base), field.value(base));
    }
    return;
  }
  bool has_te = false;
  for (const Field& field : parsed.fields) {
    if ((FieldBit(field.id) & kDropped) != 0) continue;
    if (field.id == HeaderId::kTe) {
      if (has_te || !HasToken(field.value(base), "trailers")) continue;
      has_te = true;
      headers.Add(field.id, field.name(base), "trailers");
      continue;
    }
    const bool may_be_nominated = field.id == HeaderId::kOther;
    if (may_be_nominated &&
        AnyValueHasToken(parsed, base, HeaderId::kConnection, field.name(base))) {
      continue;
    }
    headers.Add(field.id, field.name(base), field.value(base));
  }
}

void AddTrailerFields(const ParsedHead& parsed, std::string_view bytes, HeaderMap& trailers) {
  if (parsed.fields.empty()) return;
  const char* const base = trailers.arena().Copy(bytes).data();
  for (const Field& field : parsed.fields) {
    const bool is_forbidden = field.id != HeaderId::kOther && (FieldBit(field.id) & kNotInTrailers);
    if (!is_forbidden) trailers.Add(field.id, field.name(base), field.value(base));
  }
}

std::string_view FirstValue(const ParsedHead& parsed, const char* base, HeaderId id) {
  if (!parsed.Has(id)) return {};
  for (const Field& field : parsed.fields) {
    if (field.id == id) return field.value(base);
  }
  return {};
}

size_t CountOf(const ParsedHead& parsed, HeaderId id) {
  if (!parsed.Has(id)) return 0;
  return static_cast<size_t>(std::count_if(parsed.fields.begin(), parsed.fields.end(),
                                           [id](const Field& field) { return field.id == id; }));
}

std::string_view UpgradeOf(const ParsedHead& parsed, const char* base) {
  if (CountOf(parsed, HeaderId::kUpgrade) != 1 || parsed.protocol == Protocol::kHttp10) return {};
  if (!AnyValueHasToken(parsed, base, HeaderId::kConnection, "upgrade")) return {};
  const std::string_view name = FirstValue(parsed, base, HeaderId::kUpgrade);
  const bool is_list = name.find_first_of(", \t") != std::string_view::npos;
  return is_list || EqualsIgnoreCase(name, "h2c") ? std::string_view() : name;
}

bool KeepsAlive(const ParsedHead& parsed, const char* base) {
  const bool is_http11 = parsed.protocol == Protocol::kHttp11;
  if (!parsed.Has(HeaderId::kConnection)) return is_http11;
  if (AnyValueHasToken(parsed, base, HeaderId::kConnection, "close")) return false;
  return is_http11 || AnyValueHasToken(parsed, base, HeaderId::kConnection, "keep-alive");
}

}  // namespace outrigger::http::http1
