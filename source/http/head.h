#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/http/header_map.h"

namespace outrigger::http {

enum class Protocol : uint8_t { kHttp10, kHttp11, kHttp2 };
std::string_view ToString(Protocol protocol);  // "HTTP/1.1", as %PROTOCOL% prints it

enum class Method : uint8_t {
  kOther,
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch
};
Method ParseMethod(std::string_view text);
// RFC 9110 9.2.2: sending the request again has the same effect as sending it once.
bool IsIdempotent(Method method);

// The head of a request, one form for all protocols. The authority is the `host` header, so it
// keeps its place and spelling on the way from HTTP/1 to HTTP/1; HTTP/2 maps :authority to it.
// Views live as long as the stream's arena.
class RequestHead {
 public:
  explicit RequestHead(base::Arena& arena) : headers(arena) {}

  std::string_view method_text = "GET";
  std::string_view target;           // path and query, "*" for OPTIONS *, empty for CONNECT
  std::string_view scheme = "http";  // of the downstream connection, or as the client said it
  Protocol protocol = Protocol::kHttp11;
  Method method = Method::kGet;
  bool expects_continue = false;  // Expect: 100-continue
  // The protocol that the client wants to speak from here on ("websocket"): of `Upgrade` with
  // `Connection: upgrade` (RFC 9110 7.8), or the `:protocol` of an extended CONNECT (RFC 8441).
  // Empty: none. Either way the method is the one that HTTP/1 would have (GET), and the headers
  // hold neither `upgrade` nor `connection`: each codec writes its own form.
  std::string_view upgrade;
  HeaderMap headers;

  std::string_view authority() const { return headers.Get(HeaderId::kHost).value_or(""); }
  std::string_view path() const { return target.substr(0, target.find('?')); }
  // Whether the client wants to speak something else than HTTP from here on: an upgrade, or
  // CONNECT. What it sends then is no body; see codec.h.
  bool asks_for_tunnel() const { return !upgrade.empty() || method == Method::kConnect; }
  // Without the '?'; empty when there is none.
  std::string_view query() const {
    const size_t at = target.find('?');
    return at == std::string_view::npos ? std::string_view() : target.substr(at + 1);
  }
  // A header, or ":method", ":path", ":authority", ":scheme" as HTTP/2 calls them.
  std::optional<std::string_view> Lookup(std::string_view name) const;
};

// The head of a response, informational ones included.
class ResponseHead {
 public:
  explicit ResponseHead(base::Arena& arena) : headers(arena) {}

  int status = 200;
  std::string_view reason;  // HTTP/1 only; empty: the usual phrase of the status
  Protocol protocol = Protocol::kHttp11;
  HeaderMap headers;

  // Whether the connection or stream changes its protocol with this head: 101 to an upgrade (in
  // this form from HTTP/2 too, which says 200), or 2xx to a CONNECT. What follows in both
  // directions is opaque bytes; `last` on a piece then is that side's half-close.
  bool switches_protocol = false;

  // A header, or ":status".
  std::optional<std::string_view> Lookup(std::string_view name) const;
};

// RFC 9110 15: the phrase that goes with a status, "Unknown" where there is none.
std::string_view ReasonPhrase(int status);

}  // namespace outrigger::http
