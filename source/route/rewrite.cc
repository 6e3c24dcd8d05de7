#include "source/route/rewrite.h"

#include <algorithm>

#include "source/base/text.h"

namespace outrigger::route {
namespace {

std::string_view QueryWithMark(std::string_view target) {
  const size_t at = target.find('?');
  return at == std::string_view::npos ? std::string_view() : target.substr(at);
}

// How much of the path the route's match took: what a prefix rewrite replaces.
size_t MatchedSize(const PathMatch& matched, std::string_view path) {
  const bool is_prefix =
      matched.kind == PathMatch::Kind::kPrefix || matched.kind == PathMatch::Kind::kSeparatedPrefix;
  return is_prefix ? std::min(matched.text.size(), path.size()) : path.size();
}

std::optional<std::string> RewritePath(const PathMatch& matched,
                                       const std::optional<std::string>& prefix,
                                       const std::optional<RegexSubstitution>& regex,
                                       const http::RequestHead& head) {
  const std::string_view path = head.path();
  const std::string_view query = QueryWithMark(head.target);
  if (prefix.has_value()) {
    return base::StrCat(*prefix, path.substr(MatchedSize(matched, path)), query);
  }
  if (regex.has_value()) return base::StrCat(regex->ReplaceAll(path), query);
  return std::nullopt;
}

// The scheme that the client used, as far as we know.
std::string_view ClientScheme(const http::RequestHead& head) {
  return head.headers.Get(http::HeaderId::kXForwardedProto).value_or(head.scheme);
}

// The host of the request for a redirect: without its port when the redirect has one of its own,
// or when the scheme changes and the port was the old scheme's.
std::string_view RedirectHost(const http::RequestHead& head, std::string_view scheme,
                              bool has_new_port) {
  const std::string_view host = head.authority();
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos)
    return host;
  const std::string_view port = host.substr(colon + 1);
  const std::string_view old_scheme = ClientScheme(head);
  const bool is_stale = scheme != old_scheme && ((old_scheme == "https" && port == "443") ||
                                                 (old_scheme == "http" && port == "80"));
  return has_new_port || is_stale ? host.substr(0, colon) : host;
}

std::string RedirectPath(const PathMatch& matched, const RedirectAction& action,
                         const http::RequestHead& head) {
  if (!action.path.empty()) {
    // A query of the configured path replaces the request's.
    if (action.strip_query || action.path.find('?') != std::string::npos) return action.path;
    return base::StrCat(action.path, QueryWithMark(head.target));
  }
  std::string path = RewritePath(matched, action.prefix_rewrite, action.regex_rewrite, head)
                         .value_or(std::string(head.target));
  if (action.strip_query) path.resize(path.size() - QueryWithMark(path).size());
  return path;
}

}  // namespace

std::optional<std::string_view> RewriteTarget(const PathMatch& matched, const PathRewrite& rewrite,
                                              http::RequestHead& head) {
  if (!rewrite.prefix.has_value() && !rewrite.regex.has_value()) return std::nullopt;
  const std::optional<std::string> target =
      RewritePath(matched, rewrite.prefix, rewrite.regex, head);
  // What is no origin-form cannot go into a request line (RFC 9112 3.2.1); a prefix rewrite to ""
  // may leave nothing, or the query alone.
  if (target->empty() || target->front() != '/') {
    return head.headers.arena().Copy(base::StrCat("/", *target));
  }
  return head.headers.arena().Copy(*target);
}

std::optional<std::string_view> RewriteHost(const HostRewrite& rewrite,
                                            std::string_view target_host, http::RequestHead& head) {
  if (!target_host.empty()) return target_host;
  if (!rewrite.literal.empty()) return rewrite.literal;
  if (!rewrite.from_header.empty()) {
    const std::optional<std::string_view> value = head.headers.Get(rewrite.from_header);
    if (!value.has_value() || value->empty()) return std::nullopt;
    return value;
  }
  if (rewrite.from_path.has_value()) {
    return head.headers.arena().Copy(rewrite.from_path->ReplaceAll(head.path()));
  }
  return std::nullopt;
}

void ReplaceHost(const HostRewrite& rewrite, std::string_view host, http::RequestHead& head) {
  const std::string_view old_host = head.authority();
  if (rewrite.append_x_forwarded_host && !old_host.empty()) {
    const std::string_view others = head.headers.Get(http::HeaderId::kXForwardedHost).value_or("");
    head.headers.Set(
        http::HeaderId::kXForwardedHost,
        others.empty() ? old_host : head.headers.arena().Copy(base::StrCat(others, ",", old_host)));
  }
  head.headers.Set(http::HeaderId::kHost, host);
}

std::string RedirectLocation(const PathMatch& matched, const RedirectAction& action,
                             const http::RequestHead& head) {
  std::string_view scheme = ClientScheme(head);
  if (action.https) scheme = "https";
  if (!action.scheme.empty()) scheme = action.scheme;
  const std::string port = action.port.has_value() ? base::StrCat(":", *action.port) : "";
  const std::string_view host =
      action.host.empty() ? RedirectHost(head, scheme, !port.empty()) : action.host;
  return base::StrCat(scheme, "://", host, port, RedirectPath(matched, action, head));
}

}  // namespace outrigger::route
