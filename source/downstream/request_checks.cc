#include "source/downstream/request_checks.h"

#include <string>

#include "source/base/text.h"
#include "source/downstream/path.h"
#include "source/http/websocket.h"

namespace outrigger::downstream {
namespace {

using Check = std::optional<Rejection> (*)(http::RequestHead&, const HttpOptions&);

Rejection BadRequest(std::string_view detail) {
  return {.status = 400, .detail = detail, .body = "Bad Request"};
}

// RFC 9112 3.2: HTTP/1.1 has exactly one host; the codec refused none and several. What is left is
// an empty one, which no route could mean.
std::optional<Rejection> CheckHost(http::RequestHead& head, const HttpOptions&) {
  if (head.authority().empty()) return BadRequest("missing_host_header");
  return std::nullopt;
}

// RFC 8441 5: a WebSocket key means nothing in HTTP/2, and must not look like one of HTTP/1.
std::optional<Rejection> DropHttp2Key(http::RequestHead& head, const HttpOptions&) {
  if (head.protocol == http::Protocol::kHttp2 && !head.upgrade.empty()) {
    head.headers.Remove(http::kWebSocketKey);
  }
  return std::nullopt;
}

std::optional<Rejection> CheckTarget(http::RequestHead& head, const HttpOptions& options) {
  if (head.target.empty()) {
    if (head.method == http::Method::kConnect) return std::nullopt;
    return BadRequest("missing_path_rejected");
  }
  if (head.target.front() == '/') return std::nullopt;
  if (head.target == "*" && head.method == http::Method::kOptions) return std::nullopt;
  options.counters.downstream_rq_non_relative_path.Increment();
  return Rejection{.status = 404, .detail = "absolute_path_rejected", .body = "Not Found"};
}

std::optional<Rejection> CheckUnderscores(http::RequestHead& head, const HttpOptions& options) {
  if (options.underscores == Underscores::kAllow) return std::nullopt;
  const auto has_underscore = [](const http::Header& header) {
    return header.name().find('_') != std::string_view::npos;
  };
  if (options.underscores == Underscores::kDrop) {
    const size_t dropped = head.headers.RemoveIf(has_underscore);
    if (dropped != 0) options.counters.dropped_headers_with_underscores.Add(dropped);
    return std::nullopt;
  }
  for (const http::Header& header : head.headers.entries()) {
    if (!has_underscore(header)) continue;
    options.counters.requests_rejected_with_underscores_in_headers.Increment();
    return BadRequest("unexpected_underscore");
  }
  return std::nullopt;
}

// Puts a new path before the query that the target has.
void ReplacePath(http::RequestHead& head, std::string_view path) {
  const std::string_view rest = head.target.substr(head.path().size());
  head.target = head.headers.arena().Copy(base::StrCat(path, rest));
}

std::optional<Rejection> ApplyEscapedSlashes(http::RequestHead& head, const PathOptions& options) {
  if (options.escaped_slashes == EscapedSlashes::kKeep || !HasEscapedSlashes(head.path())) {
    return std::nullopt;
  }
  if (options.escaped_slashes == EscapedSlashes::kReject) {
    return BadRequest("path_normalization_failed");
  }
  ReplacePath(head, UnescapeSlashes(head.path()));
  if (options.escaped_slashes == EscapedSlashes::kUnescapeAndForward) return std::nullopt;
  Rejection redirect{.status = 307, .detail = "path_normalization_redirect"};
  redirect.headers.emplace_back("location",
                                base::StrCat(head.scheme, "://", head.authority(), head.target));
  return redirect;
}

std::optional<Rejection> NormalizeTarget(http::RequestHead& head, const HttpOptions& options) {
  if (head.target.empty() || head.target.front() != '/') return std::nullopt;
  if (!NeedsNormalizing(head.path())) return std::nullopt;
  if (auto rejection = ApplyEscapedSlashes(head, options.path)) return rejection;
  if (options.path.normalize) {
    const auto normal = NormalizePath(head.path());
    if (!normal) return BadRequest("path_normalization_failed");
    if (*normal != head.path()) ReplacePath(head, *normal);
  }
  if (options.path.merge_slashes && head.path().find("//") != std::string_view::npos) {
    ReplacePath(head, MergeSlashes(head.path()));
  }
  return std::nullopt;
}

// The position of ":port" in an authority, npos when there is none. IPv6 literals have brackets.
size_t PortAt(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return colon;
  const size_t bracket = authority.rfind(']');
  if (bracket != std::string_view::npos && bracket > colon) return std::string_view::npos;
  return colon;
}

std::optional<Rejection> ShapeHost(http::RequestHead& head, const HttpOptions& options) {
  const PathOptions& path = options.path;
  if (!path.strip_any_port && !path.strip_port && !path.strip_trailing_dot) return std::nullopt;
  const std::string_view host = head.authority();
  const size_t colon = PortAt(host);
  std::string_view name = host.substr(0, colon);
  std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon);
  if (!port.empty()) {
    const bool matches =
        path.strip_port && base::ParseNumber<uint16_t>(port.substr(1)) == path.strip_port;
    if (path.strip_any_port || matches) port = "";
  }
  if (path.strip_trailing_dot && name.ends_with('.')) name.remove_suffix(1);
  if (name.size() + port.size() != host.size()) {
    head.headers.Set(http::HeaderId::kHost, head.headers.arena().Copy(base::StrCat(name, port)));
  }
  return std::nullopt;
}

constexpr Check kChecks[] = {CheckHost,        DropHttp2Key,    CheckTarget,
                             CheckUnderscores, NormalizeTarget, ShapeHost};

}  // namespace

std::optional<Rejection> CheckRequest(http::RequestHead& head, const HttpOptions& options) {
  for (const Check check : kChecks) {
    if (auto rejection = check(head, options)) return rejection;
  }
  return std::nullopt;
}

}  // namespace outrigger::downstream
