#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "source/http/head.h"
#include "source/net/transport.h"
#include "source/route/string_matcher.h"

// The conditions of a route on a request. All are values, immutable, usable from any thread.
namespace outrigger::route {

// What a route is found by.
struct MatchInput {
  const http::RequestHead& head;
  // Uniform random number of the stream, for fractions; the same for all tries of one stream.
  uint64_t random = 0;
  // Of the client's connection; null: plain bytes.
  net::Transport* transport = nullptr;
};

// A condition on the certificate that the client showed; nullopt: either. Where there is no TLS
// none was shown.
struct CertificateMatch {
  std::optional<bool> presented;
  std::optional<bool> validated;
  bool Matches(net::Transport* transport) const;
};

// envoy.config.route.v3.RouteMatch.path_specifier. Patterns see the path without its query.
struct PathMatch {
  enum class Kind : uint8_t {
    kPrefix,
    kExact,
    kSeparatedPrefix,  // the text itself, or the text and then a '/'
    kRegex,            // all of the path
    kConnect,          // CONNECT requests, which no other kind matches
  };
  Kind kind = Kind::kPrefix;
  std::string text;            // of all kinds but kRegex and kConnect
  bool case_sensitive = true;  // does not concern kRegex
  std::optional<Regex> regex;
};

// A condition on one header of a head; several fields of that name count as one, joined by ",".
class HeaderMatcher {
 public:
  struct Present {
    bool expected = true;
  };
  struct Range {
    int64_t first = 0, end = 0;  // a decimal number in [first, end)
  };
  using Condition = std::variant<Present, StringMatcher, Range>;
  struct Options {
    bool invert = false;
    // A missing header is an empty value. Without it a missing header fails every condition but
    // Present, also an inverted one, as in Envoy.
    bool missing_is_empty = false;
  };

  // `name` in any case; ":method", ":path", ":authority", ":scheme", ":status" as in HTTP/2.
  HeaderMatcher(std::string_view name, Condition condition, Options options);
  HeaderMatcher(std::string_view name, Condition condition)
      : HeaderMatcher(name, std::move(condition), Options()) {}

  bool Matches(const http::RequestHead& head) const;
  bool Matches(const http::ResponseHead& head) const;
  bool MatchesValue(std::optional<std::string_view> value) const;

  const std::string& name() const { return name_; }

 private:
  template <typename Head>
  bool MatchesIn(const Head& head) const;

  std::string name_;
  http::HeaderId id_;
  bool is_pseudo_;
  Condition condition_;
  Options options_;
};

// A condition on a query parameter (the first of that name, not decoded); no value: it is there.
struct QueryMatcher {
  std::string name;
  std::optional<StringMatcher> value;
  bool MatchesQuery(std::string_view query) const;
};

// A condition on a cookie of the request (the first of that name).
struct CookieMatcher {
  std::string name;
  StringMatcher value;
  bool invert = false;
  bool Matches(const http::RequestHead& head) const;
};

// A share of all requests. `runtime_key` is kept for what may override the numbers one day.
struct FractionMatch {
  uint32_t numerator = 100;
  uint32_t denominator = 100;
  std::string runtime_key;
  bool Matches(uint64_t random) const { return random % denominator < numerator; }
};

// All values of the field `name` of `headers`, joined by "," in `scratch` when there are several.
std::optional<std::string_view> JoinedValue(const http::HeaderMap& headers, http::HeaderId id,
                                            std::string_view name, std::string& scratch);

// The first value of `name` in a query string without its '?', not decoded.
std::optional<std::string_view> QueryValue(std::string_view query, std::string_view name);

// The first value of the cookie `name`.
std::optional<std::string_view> CookieValue(const http::HeaderMap& headers, std::string_view name);

}  // namespace outrigger::route
