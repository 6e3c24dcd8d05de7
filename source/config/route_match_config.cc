#include "source/config/route_match_config.h"

#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/matcher_config.h"

namespace outrigger::config {
namespace {

using envoy::config::route::v3::RouteMatch;
using Kind = route::PathMatch::Kind;

void ReadText(Kind kind, const std::string& text, route::PathMatch& path, const Place& place) {
  path.kind = kind;
  path.text = text;
  if (!text.starts_with('/')) {
    place.Refuse(base::StrCat("must begin with \"/\", got \"", text, "\""));
  } else if (text.find_first_of("?#") != std::string::npos) {
    place.Refuse(
        base::StrCat("must not hold \"?\" or \"#\", got \"", text, "\"; give query_parameters"));
  } else if (kind == Kind::kSeparatedPrefix && text.back() == '/') {
    place.Refuse(base::StrCat("must not end in \"/\", got \"", text, "\"; give prefix"));
  }
}

void ReadPath(const RouteMatch& match, route::PathMatch& path, const Place& place) {
  path.case_sensitive = !match.has_case_sensitive() || match.case_sensitive().value();
  switch (match.path_specifier_case()) {
    case RouteMatch::kPrefix:
      if (match.prefix().empty()) return;  // as "/": every path
      return ReadText(Kind::kPrefix, match.prefix(), path, place.At("prefix"));
    case RouteMatch::kPath:
      return ReadText(Kind::kExact, match.path(), path, place.At("path"));
    case RouteMatch::kPathSeparatedPrefix:
      return ReadText(Kind::kSeparatedPrefix, match.path_separated_prefix(), path,
                      place.At("path_separated_prefix"));
    case RouteMatch::kSafeRegex:
      path.kind = Kind::kRegex;
      path.regex = ReadRegex(match.safe_regex(), place.At("safe_regex"));
      return;
    case RouteMatch::kConnectMatcher:
      path.kind = Kind::kConnect;
      return;
    case RouteMatch::kPathMatchPolicy:  // refused by the schema
      return;
    case RouteMatch::PATH_SPECIFIER_NOT_SET:
      place.Refuse(
          "must hold one of prefix, path, safe_regex, connect_matcher, path_separated_prefix");
  }
}

}  // namespace

void ReadRouteMatch(const RouteMatch& match, const RuntimeValues& runtime, route::RouteSpec& spec,
                    const Place& place) {
  constexpr uint32_t kMillion = 1'000'000;
  ReadPath(match, spec.path, place);
  spec.grpc_only = match.has_grpc();
  for (int i = 0; i < match.headers_size(); ++i) {
    auto matcher = ReadHeaderMatcher(match.headers(i), place.At("headers", i));
    if (matcher) spec.headers.push_back(*std::move(matcher));
  }
  for (int i = 0; i < match.query_parameters_size(); ++i) {
    auto matcher = ReadQueryMatcher(match.query_parameters(i), place.At("query_parameters", i));
    if (matcher) spec.query.push_back(*std::move(matcher));
  }
  for (int i = 0; i < match.cookies_size(); ++i) {
    auto matcher = ReadCookieMatcher(match.cookies(i), place.At("cookies", i));
    if (matcher) spec.cookies.push_back(*std::move(matcher));
  }
  if (match.has_tls_context()) {
    const auto& wanted = match.tls_context();
    route::CertificateMatch& certificate = spec.certificate.emplace();
    if (wanted.has_presented()) certificate.presented = wanted.presented().value();
    if (wanted.has_validated()) certificate.validated = wanted.validated().value();
  }
  if (match.has_runtime_fraction()) {
    if (!match.runtime_fraction().has_default_value()) {
      place.At("runtime_fraction.default_value").Refuse("must be given");
    }
    spec.fraction = route::FractionMatch{.numerator = runtime.PerMillion(match.runtime_fraction()),
                                         .denominator = kMillion,
                                         .runtime_key = match.runtime_fraction().runtime_key()};
  }
}

}  // namespace outrigger::config
