#include "test/route/reference_match.h"

#include <cctype>
#include <utility>

namespace outrigger::route {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// How specific the match of a domain is: {kind, length}; nullopt: none.
std::optional<std::pair<int, size_t>> RankDomain(std::string domain, const std::string& host) {
  domain = Lower(std::move(domain));
  if (domain == "*") return {{0, 0}};
  if (domain == host) return {{3, 0}};
  if (domain.size() > host.size()) return std::nullopt;  // the star stands for at least one byte
  const size_t size = domain.size() - 1;
  if (domain.front() == '*' && host.compare(host.size() - size, size, domain, 1) == 0) {
    return {{2, size}};
  }
  if (domain.back() == '*' && host.compare(0, size, domain, 0, size) == 0) return {{1, size}};
  return std::nullopt;
}

bool MatchesPath(const PathMatch& match, std::string path) {
  std::string text = match.text;
  if (match.kind == PathMatch::Kind::kRegex) return match.regex->FullMatch(path);
  if (!match.case_sensitive) {
    path = Lower(path);
    text = Lower(text);
  }
  const bool is_prefix = path.compare(0, text.size(), text) == 0;
  switch (match.kind) {
    case PathMatch::Kind::kExact:
      return path == text;
    case PathMatch::Kind::kPrefix:
      return is_prefix;
    case PathMatch::Kind::kSeparatedPrefix:
      return is_prefix && (path.size() == text.size() || path[text.size()] == '/');
    default:
      return false;
  }
}

bool MatchesRoute(const ReferenceRoute& route, const http::RequestHead& head) {
  if (route.header_x.has_value() && head.headers.Get("x") != *route.header_x) return false;
  const bool is_pathless = head.method == http::Method::kConnect && head.target.empty();
  if (is_pathless != (route.path.kind == PathMatch::Kind::kConnect)) return false;
  return is_pathless || MatchesPath(route.path, std::string(head.path()));
}

}  // namespace

std::string FindLinearly(const ReferenceTable& table, const http::RequestHead& head) {
  const std::string host = Lower(std::string(head.authority()));
  std::optional<std::pair<int, size_t>> best;
  size_t best_host = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    for (const std::string& domain : table[i].domains) {
      const auto rank = RankDomain(domain, host);
      if (!rank.has_value() || (best.has_value() && *rank <= *best)) continue;
      best = rank;
      best_host = i;
    }
  }
  if (!best.has_value()) return "";
  const std::vector<ReferenceRoute>& routes = table[best_host].routes;
  for (size_t i = 0; i < routes.size(); ++i) {
    if (MatchesRoute(routes[i], head)) return std::to_string(best_host) + "/" + std::to_string(i);
  }
  return "";
}

RouteTableSpec ToSpec(const ReferenceTable& table) {
  RouteTableSpec spec;
  spec.name = "table";
  for (size_t i = 0; i < table.size(); ++i) {
    VirtualHostSpec host;
    host.name = std::to_string(i);
    host.domains = table[i].domains;
    for (size_t j = 0; j < table[i].routes.size(); ++j) {
      const ReferenceRoute& route = table[i].routes[j];
      RouteSpec& made = host.routes.emplace_back();
      made.name = host.name + "/" + std::to_string(j);
      made.path = route.path;
      made.action = DirectResponse{};
      if (route.header_x.has_value()) {
        made.headers.emplace_back("x", StringMatcher::Exact(*route.header_x));
      }
    }
    spec.virtual_hosts.push_back(std::move(host));
  }
  return spec;
}

}  // namespace outrigger::route
