#include "source/http/head.h"

#include <array>

namespace outrigger::http {
namespace {

// "000001...999": the three digits of every status, so that a view of one can be handed out.
constexpr std::array<char, 3000> kStatusDigits = [] {
  std::array<char, 3000> digits{};
  for (int i = 0; i < 1000; ++i) {
    digits[i * 3] = static_cast<char>('0' + i / 100);
    digits[i * 3 + 1] = static_cast<char>('0' + i / 10 % 10);
    digits[i * 3 + 2] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

struct StatusPhrase {
  int status;
  std::string_view phrase;
};

// RFC 9110 15, and the IANA registry for what is elsewhere (WebDAV, 425, 429, 431, 451, 511).
constexpr StatusPhrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

constexpr std::array<std::string_view, 512> kPhraseByStatus = [] {
  std::array<std::string_view, 512> phrases{};
  for (std::string_view& phrase : phrases) phrase = "Unknown";
  for (const StatusPhrase& known : kPhrases) phrases[known.status] = known.phrase;
  return phrases;
}();

}  // namespace

std::string_view ToString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kHttp10:
      return "HTTP/1.0";
    case Protocol::kHttp11:
      return "HTTP/1.1";
    case Protocol::kHttp2:
      return "HTTP/2";
  }
  return "-";
}

Method ParseMethod(std::string_view text) {
  // Methods are case-sensitive (RFC 9110 9.1).
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::kGet;
      if (text == "PUT") return Method::kPut;
      break;
    case 4:
      if (text == "POST") return Method::kPost;
      if (text == "HEAD") return Method::kHead;
      break;
    case 5:
      if (text == "PATCH") return Method::kPatch;
      if (text == "TRACE") return Method::kTrace;
      break;
    case 6:
      if (text == "DELETE") return Method::kDelete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::kOptions;
      if (text == "CONNECT") return Method::kConnect;
      break;
  }
  return Method::kOther;
}

bool IsIdempotent(Method method) {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kPut:
    case Method::kDelete:
    case Method::kOptions:
    case Method::kTrace:
      return true;
    case Method::kOther:
    case Method::kPost:
    case Method::kConnect:
    case Method::kPatch:
      return false;
  }
  return false;
}

std::optional<std::string_view> RequestHead::Lookup(std::string_view name) const {
  if (!name.starts_with(':')) return headers.Get(name);
  if (name == ":method") return method_text;
  if (name == ":path") return target;
  if (name == ":authority") return headers.Get(HeaderId::kHost);
  if (name == ":scheme") return scheme;
  return std::nullopt;
}

std::optional<std::string_view> ResponseHead::Lookup(std::string_view name) const {
  if (!name.starts_with(':')) return headers.Get(name);
  if (name != ":status" || status < 0 || status > 999) return std::nullopt;
  return std::string_view(kStatusDigits.data() + status * 3, 3);
}

std::string_view ReasonPhrase(int status) {
  if (status < 0 || status >= static_cast<int>(kPhraseByStatus.size())) return "Unknown";
  return kPhraseByStatus[status];
}

}  // namespace outrigger::http
