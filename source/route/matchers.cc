#include "source/route/matchers.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/text.h"

namespace outrigger::route {

HeaderMatcher::HeaderMatcher(std::string_view name, Condition condition, Options options)
    : name_(absl::AsciiStrToLower(base::AbslView(name))),
      id_(http::FindHeaderId(name_)),
      is_pseudo_(name_.starts_with(':')),
      condition_(std::move(condition)),
      options_(options) {}

bool HeaderMatcher::MatchesValue(std::optional<std::string_view> value) const {
  if (const auto* present = std::get_if<Present>(&condition_)) {
    const bool is_there = value.has_value() || options_.missing_is_empty;
    return (is_there == present->expected) != options_.invert;
  }
  if (!value.has_value()) {
    if (!options_.missing_is_empty) return false;
    value = "";
  }
  if (const auto* text = std::get_if<StringMatcher>(&condition_)) {
    return text->Matches(*value) != options_.invert;
  }
  const Range& range = std::get<Range>(condition_);
  const std::optional<int64_t> number = base::ParseNumber<int64_t>(*value);
  const bool in_range = number.has_value() && *number >= range.first && *number < range.end;
  return in_range != options_.invert;
}

template <typename Head>
bool HeaderMatcher::MatchesIn(const Head& head) const {
  if (is_pseudo_) return MatchesValue(head.Lookup(name_));
  std::string joined;
  return MatchesValue(JoinedValue(head.headers, id_, name_, joined));
}

bool HeaderMatcher::Matches(const http::RequestHead& head) const { return MatchesIn(head); }
bool HeaderMatcher::Matches(const http::ResponseHead& head) const { return MatchesIn(head); }

bool QueryMatcher::MatchesQuery(std::string_view query) const {
  const std::optional<std::string_view> found = QueryValue(query, name);
  return found.has_value() && (!value.has_value() || value->Matches(*found));
}

bool CookieMatcher::Matches(const http::RequestHead& head) const {
  const std::optional<std::string_view> found = CookieValue(head.headers, name);
  return (found.has_value() && value.Matches(*found)) != invert;
}

bool CertificateMatch::Matches(net::Transport* transport) const {
  const net::TlsInfo* tls = transport == nullptr ? nullptr : transport->info().get();
  const bool was_presented = tls != nullptr && tls->peer != nullptr;
  const bool was_validated = was_presented && tls->is_peer_verified;
  return presented.value_or(was_presented) == was_presented &&
         validated.value_or(was_validated) == was_validated;
}

std::optional<std::string_view> JoinedValue(const http::HeaderMap& headers, http::HeaderId id,
                                            std::string_view name, std::string& scratch) {
  if (id != http::HeaderId::kOther && !headers.Has(id)) return std::nullopt;
  std::optional<std::string_view> value;
  for (const http::Header& header : headers.entries()) {
    if (header.id != id) continue;
    if (id == http::HeaderId::kOther && !http::EqualsIgnoreCase(header.name(), name)) continue;
    if (!value.has_value()) {
      value = header.value();
      continue;
    }
    if (scratch.empty()) scratch.assign(*value);
    base::StrAppend(&scratch, ",", header.value());
    value = scratch;
  }
  return value;
}

std::optional<std::string_view> QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && !pair.empty()) {
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> CookieValue(const http::HeaderMap& headers, std::string_view name) {
  if (!headers.Has(http::HeaderId::kCookie)) return std::nullopt;
  for (const http::Header& header : headers.entries()) {
    if (header.id != http::HeaderId::kCookie) continue;
    std::string_view rest = header.value();
    while (!rest.empty()) {
      const size_t end = rest.find(';');
      const std::string_view pair = base::StripSpaces(rest.substr(0, end));
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
        std::string_view value = pair.substr(equals + 1);
        // RFC 6265 4.1.1: the value may stand in quotes.
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
          value = value.substr(1, value.size() - 2);
        }
        return value;
      }
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
  return std::nullopt;
}

}  // namespace outrigger::route
