#include "source/http/http1/request_target.h"

#include <algorithm>
#include <cstring>

#include "source/http/http1/scan.h"

namespace outrigger::http::http1 {
namespace {

// reg-name without the comma, which is what two Host lines look like when someone joined them.
constexpr CharSet kNameSet("-._~%!$&'()*+;=");
constexpr CharSet kIpLiteralSet(":.%");

// "" or ":" with at most five digits.
bool IsPortOrNothing(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != ':' || text.size() > 6) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const Refusal* CheckHost(const Options& options, RequestHead& head) {
  if (!head.headers.Has(HeaderId::kHost)) {
    const bool may_do_without =
        head.protocol == Protocol::kHttp10 && !options.default_host_http10.empty();
    if (!may_do_without) return &kNoHost;
    head.headers.Add(HeaderId::kHost, options.default_host_http10);
    return nullptr;
  }
  if (head.headers.Count(HeaderId::kHost) != 1) return &kSeveralHosts;
  return IsValidAuthority(head.authority()) ? nullptr : &kBadHost;
}

// "http://authority/path?query"; nothing else after the scheme may be left out but the path.
const Refusal* SetAbsolute(std::string_view target, const Options& options, RequestHead& head) {
  if (!options.allow_absolute_target) return &kBadTarget;
  const size_t colon = target.find(':');
  if (colon == std::string_view::npos || target.substr(colon, 3) != "://") return &kBadTarget;
  const std::string_view scheme = target.substr(0, colon);
  if (EqualsIgnoreCase(scheme, "http")) {
    head.scheme = "http";
  } else if (EqualsIgnoreCase(scheme, "https")) {
    head.scheme = "https";
  } else {
    return &kBadTarget;
  }
  target.remove_prefix(colon + 3);
  const size_t authority_size = std::min(target.find_first_of("/?"), target.size());
  const std::string_view authority = target.substr(0, authority_size);
  if (!IsValidAuthority(authority)) return &kBadTarget;
  target.remove_prefix(authority_size);
  if (target.empty()) {
    head.target = head.method == Method::kOptions ? "*" : "/";
  } else if (target[0] == '?') {
    char* path = head.headers.arena().AllocateArray<char>(target.size() + 1);
    path[0] = '/';
    std::memcpy(path + 1, target.data(), target.size());
    head.target = {path, target.size() + 1};
  } else {
    head.target = target;
  }
  // RFC 9112 3.2.2: whatever Host said.
  head.headers.Set(HeaderId::kHost, authority);
  return nullptr;
}

}  // namespace

bool IsValidAuthority(std::string_view authority) {
  if (authority.empty()) return false;
  if (authority[0] == '[') {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view ip = authority.substr(1, end - 1);
    return std::all_of(ip.begin(), ip.end(), [](char c) { return kIpLiteralSet.Has(c); }) &&
           IsPortOrNothing(authority.substr(end + 1));
  }
  const size_t colon = authority.find(':');
  const std::string_view name = authority.substr(0, colon);
  const auto is_name_char = [](char c) { return kNameSet.Has(c); };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_char)) return false;
  return colon == std::string_view::npos || IsPortOrNothing(authority.substr(colon));
}

const Refusal* SetTarget(std::string_view target, const Options& options, RequestHead& head) {
  if (const Refusal* refusal = CheckHost(options, head)) return refusal;
  if (target.find('#') != std::string_view::npos) return &kBadTarget;
  if (head.method == Method::kConnect) {
    // RFC 9112 3.2.3: host and port, which is not left out.
    const bool has_port =
        target.rfind(':') != std::string_view::npos && target.back() != ':' && target.back() != ']';
    if (!has_port || !IsValidAuthority(target)) return &kBadTarget;
    head.headers.Set(HeaderId::kHost, target);
    head.target = {};
    return nullptr;
  }
  if (target[0] == '/') {
    head.target = target;
    return nullptr;
  }
  if (target == "*") {
    if (head.method != Method::kOptions) return &kBadTarget;
    head.target = target;
    return nullptr;
  }
  return SetAbsolute(target, options, head);
}

}  // namespace outrigger::http::http1
