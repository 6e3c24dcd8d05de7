#pragma once

#include <optional>

#include "envoy/config/route/v3/route_components.pb.h"
#include "envoy/type/matcher/v3/regex.pb.h"
#include "envoy/type/matcher/v3/string.pb.h"
#include "source/config/place.h"
#include "source/route/matchers.h"
#include "source/route/regex.h"
#include "source/route/string_matcher.h"

// The conditions on texts and heads that routes, access logs and filters share. nullopt: refused
// at `place`.
namespace outrigger::config {

std::optional<route::Regex> ReadRegex(const envoy::type::matcher::v3::RegexMatcher& regex,
                                      const Place& place);
std::optional<route::RegexSubstitution> ReadSubstitution(
    const envoy::type::matcher::v3::RegexMatchAndSubstitute& rewrite, const Place& place);
std::optional<route::StringMatcher> ReadStringMatcher(
    const envoy::type::matcher::v3::StringMatcher& matcher, const Place& place);
std::optional<route::HeaderMatcher> ReadHeaderMatcher(
    const envoy::config::route::v3::HeaderMatcher& matcher, const Place& place);
std::optional<route::QueryMatcher> ReadQueryMatcher(
    const envoy::config::route::v3::QueryParameterMatcher& matcher, const Place& place);
std::optional<route::CookieMatcher> ReadCookieMatcher(
    const envoy::config::route::v3::CookieMatcher& matcher, const Place& place);

}  // namespace outrigger::config
