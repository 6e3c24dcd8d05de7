#include "source/route/rewrite.h"

#include <gtest/gtest.h>

#include <string>

#include "test/route/request.h"

namespace outrigger::route {
namespace {

using Kind = PathMatch::Kind;

std::string Rewritten(const PathMatch& matched, const PathRewrite& rewrite,
                      std::string_view target) {
  Request request(target);
  return std::string(RewriteTarget(matched, rewrite, request.head).value_or("unchanged"));
}

TEST(RewriteTarget, ReplacesWhatTheRouteMatched) {
  const PathRewrite to_new{.prefix = "/new"};
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/old"}, to_new, "/old/x?q=/old"), "/new/x?q=/old");
  EXPECT_EQ(Rewritten({Kind::kSeparatedPrefix, "/old"}, to_new, "/old/x"), "/new/x");
  EXPECT_EQ(Rewritten({Kind::kExact, "/old"}, to_new, "/old?q"), "/new?q");
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/OLD", false}, to_new, "/old/x"), "/new/x");
  const PathMatch regex{.kind = Kind::kRegex, .regex = *Regex::Compile("/o.*")};
  EXPECT_EQ(Rewritten(regex, to_new, "/old/x?q"), "/new?q");
}

TEST(RewriteTarget, SubstitutesInThePathAlone) {
  const PathRewrite swap{.regex = *RegexSubstitution::Compile("^/([^/]+)/([^/]+)", "/\\2/\\1")};
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/"}, swap, "/a/b/c?x=/a/b"), "/b/a/c?x=/a/b");
}

TEST(RewriteTarget, StaysATarget) {
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/x"}, {.prefix = ""}, "/x?q"), "/?q");
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/x/"}, {.prefix = ""}, "/x/y"), "/y");
  EXPECT_EQ(Rewritten({Kind::kPrefix, "/"}, {}, "/x"), "unchanged");
}

std::string Host(const HostRewrite& rewrite, Request& request, std::string_view of_target = "") {
  return std::string(RewriteHost(rewrite, of_target, request.head).value_or("unchanged"));
}

TEST(RewriteHost, TakesTheFirstThatIsGiven) {
  Request request("/tenant/x", {{"host", "a"}, {"x-host", "from-header"}});
  EXPECT_EQ(Host({}, request), "unchanged");
  EXPECT_EQ(Host({.literal = "lit"}, request), "lit");
  EXPECT_EQ(Host({.literal = "lit"}, request, "weighted"), "weighted");
  EXPECT_EQ(Host({.from_header = "x-host"}, request), "from-header");
  EXPECT_EQ(Host({.from_header = "missing"}, request), "unchanged");
  EXPECT_EQ(Host({.from_path = *RegexSubstitution::Compile("^/([^/]+)/.*", "\\1.svc")}, request),
            "tenant.svc");
}

TEST(ReplaceHost, KeepsTheOldOneInXForwardedHostWhereAsked) {
  Request request = Request::To("first");
  ReplaceHost({.append_x_forwarded_host = true}, "second", request.head);
  EXPECT_EQ(request.head.authority(), "second");
  EXPECT_EQ(request.head.headers.Get("x-forwarded-host"), "first");
  ReplaceHost({.append_x_forwarded_host = true}, "third", request.head);
  EXPECT_EQ(request.head.headers.Get("x-forwarded-host"), "first,second");
}

std::string Location(const RedirectAction& action, std::string_view host, std::string_view target,
                     std::string_view proto = "http") {
  const Request request(target, {{"host", host}, {"x-forwarded-proto", proto}});
  return RedirectLocation({Kind::kPrefix, "/old"}, action, request.head);
}

TEST(RedirectLocation, ChangesWhatTheActionNames) {
  EXPECT_EQ(Location({.https = true}, "a.com", "/x?q"), "https://a.com/x?q");
  EXPECT_EQ(Location({.scheme = "ftp"}, "a.com", "/x"), "ftp://a.com/x");
  EXPECT_EQ(Location({.host = "b.com"}, "a.com:8080", "/x"), "http://b.com/x");
  EXPECT_EQ(Location({.port = 81}, "a.com:8080", "/x"), "http://a.com:81/x");
  EXPECT_EQ(Location({.port = 81}, "[::1]:8080", "/x"), "http://[::1]:81/x");
  EXPECT_EQ(Location({.port = 81}, "[::1]", "/x"), "http://[::1]:81/x");
}

TEST(RedirectLocation, DropsThePortThatBelongedToTheOldScheme) {
  EXPECT_EQ(Location({.https = true}, "a.com:80", "/"), "https://a.com/");
  EXPECT_EQ(Location({.https = true}, "a.com:8080", "/"), "https://a.com:8080/");
  EXPECT_EQ(Location({.scheme = "http"}, "a.com:443", "/", "https"), "http://a.com/");
  EXPECT_EQ(Location({.path = "/"}, "a.com:80", "/"), "http://a.com:80/");
}

TEST(RedirectLocation, RewritesPaths) {
  EXPECT_EQ(Location({.path = "/new"}, "a", "/old?q=1"), "http://a/new?q=1");
  EXPECT_EQ(Location({.path = "/new", .strip_query = true}, "a", "/old?q=1"), "http://a/new");
  EXPECT_EQ(Location({.path = "/new?z"}, "a", "/old?q=1"), "http://a/new?z");
  EXPECT_EQ(Location({.prefix_rewrite = "/new"}, "a", "/old/x?q"), "http://a/new/x?q");
  EXPECT_EQ(Location({.strip_query = true}, "a", "/old/x?q"), "http://a/old/x");
  EXPECT_EQ(Location({.strip_query = true, .prefix_rewrite = "/n"}, "a", "/old/x?q"),
            "http://a/n/x");
  EXPECT_EQ(Location({.regex_rewrite = *RegexSubstitution::Compile("x", "y")}, "a", "/old/x?x"),
            "http://a/old/y?x");
}

}  // namespace
}  // namespace outrigger::route
