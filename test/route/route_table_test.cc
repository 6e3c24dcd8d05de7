#include "source/route/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "test/net/fake_transport.h"
#include "test/route/request.h"

namespace outrigger::route {
namespace {

using Kind = PathMatch::Kind;

RouteSpec To(std::string name, PathMatch path) {
  return {.name = std::move(name), .path = std::move(path), .action = DirectResponse{}};
}

RouteSpec Forwards(std::vector<uint32_t> weights, uint32_t total = 0) {
  ForwardAction forward;
  forward.total_weight = total;
  for (const uint32_t weight : weights) {
    WeightedTarget& target = forward.weighted.emplace_back();
    target.cluster.name = "c";
    target.weight = weight;
  }
  return {.name = "forward", .action = std::move(forward)};
}

template <typename... More>
std::vector<RouteSpec> Routes(RouteSpec one, More... more) {
  std::vector<RouteSpec> routes;
  routes.push_back(std::move(one));
  (routes.push_back(std::move(more)), ...);
  return routes;
}

VirtualHostSpec Host(std::string name, std::vector<std::string> domains,
                     std::vector<RouteSpec> routes = {}) {
  return {.name = std::move(name), .domains = std::move(domains), .routes = std::move(routes)};
}

absl::StatusOr<std::shared_ptr<const RouteTable>> CompileHosts(std::vector<VirtualHostSpec> hosts,
                                                               bool ignore_port = false) {
  RouteTableSpec spec{.name = "table", .ignore_port_in_host = ignore_port};
  spec.virtual_hosts = std::move(hosts);
  return RouteTable::Compile(std::move(spec));
}

// A table with one virtual host for everything.
class Table {
 public:
  explicit Table(std::vector<RouteSpec> routes) {
    std::vector<VirtualHostSpec> hosts;
    hosts.push_back(Host("all", {"*"}, std::move(routes)));
    table_ = *CompileHosts(std::move(hosts));
  }
  std::string Find(const Request& request, uint64_t random = 0) const {
    const Route* route = table_->Find({.head = request.head, .random = random});
    return route == nullptr ? "none" : route->spec().name;
  }
  std::string Find(std::string_view target) const { return Find(Request(target)); }

 private:
  std::shared_ptr<const RouteTable> table_;
};

TEST(RouteTable, TakesTheFirstMatchNotTheLongest) {
  const Table table(Routes(To("short", {Kind::kPrefix, "/a"}), To("long", {Kind::kPrefix, "/a/b"}),
                           To("exact", {Kind::kExact, "/c"}), To("c", {Kind::kPrefix, "/c"})));
  EXPECT_EQ(table.Find("/a/b/c"), "short");
  EXPECT_EQ(table.Find("/c"), "exact");
  EXPECT_EQ(table.Find("/cc"), "c");
  EXPECT_EQ(table.Find("/d"), "none");
}

TEST(RouteTable, MatchesThePathWithoutItsQuery) {
  const Table table(Routes(To("exact", {Kind::kExact, "/a"}), To("q", {Kind::kPrefix, "/a?"})));
  EXPECT_EQ(table.Find("/a?x=/b"), "exact");
  EXPECT_EQ(table.Find("/ab"), "none");
}

TEST(RouteTable, SeparatedPrefixMatchesWholeSegmentsOnly) {
  const Table table(Routes(To("api", {Kind::kSeparatedPrefix, "/api/v1"})));
  EXPECT_EQ(table.Find("/api/v1"), "api");
  EXPECT_EQ(table.Find("/api/v1?x"), "api");
  EXPECT_EQ(table.Find("/api/v1/users"), "api");
  EXPECT_EQ(table.Find("/api/v12"), "none");
  EXPECT_EQ(table.Find("/api"), "none");
}

TEST(RouteTable, CaseIsIgnoredOnlyWhereTheRouteSaysSo) {
  const Table table(Routes(To("exact", {Kind::kExact, "/Login", false}),
                           To("prefix", {Kind::kPrefix, "/API/", false}),
                           To("strict", {Kind::kPrefix, "/Strict"})));
  EXPECT_EQ(table.Find("/lOGIN"), "exact");
  EXPECT_EQ(table.Find("/api/X"), "prefix");
  EXPECT_EQ(table.Find("/Strict"), "strict");
  EXPECT_EQ(table.Find("/strict"), "none");
}

TEST(RouteTable, RegexMatchesTheWholePathAndKeepsItsPlace) {
  const PathMatch digits{.kind = Kind::kRegex, .regex = *Regex::Compile("/u/[0-9]+")};
  const PathMatch any{.kind = Kind::kRegex, .regex = *Regex::Compile("/u/.*")};
  const Table table(Routes(To("seven", {Kind::kExact, "/u/7"}), To("digits", digits),
                           To("prefix", {Kind::kPrefix, "/u/9"}), To("any", any)));
  EXPECT_EQ(table.Find("/u/7"), "seven");
  EXPECT_EQ(table.Find("/u/99"), "digits");
  EXPECT_EQ(table.Find("/u/9x"), "prefix");
  EXPECT_EQ(table.Find("/u/x"), "any");
}

TEST(RouteTable, ManyRegexesKeepTheirOrder) {
  std::vector<RouteSpec> routes;
  for (int i = 0; i < 40; ++i) {
    const std::string pattern = "/[a-z]+/" + std::to_string(i % 20) + ".*";
    routes.push_back(
        To("r" + std::to_string(i), {.kind = Kind::kRegex, .regex = *Regex::Compile(pattern)}));
  }
  const Table table(std::move(routes));
  EXPECT_EQ(table.Find("/x/7"), "r7");
  EXPECT_EQ(table.Find("/x/17"), "r1");
  EXPECT_EQ(table.Find("/x/y"), "none");
}

TEST(RouteTable, AsksForTheCertificateOfTheClient) {
  using Wanted = std::optional<bool>;
  struct Shown {
    bool is_secure, presented, validated;
  };
  for (const Shown shown : {Shown{false, false, false},
                            {true, false, false},
                            {true, true, false},
                            {true, true, true}}) {
    net::FakeTransportOptions options;
    options.info.is_peer_verified = shown.validated;
    if (shown.presented) options.info.peer = std::make_shared<const net::CertificateInfo>();
    net::FakeTransport transport(std::move(options));
    for (const Wanted presented : {Wanted(), Wanted(false), Wanted(true)}) {
      for (const Wanted validated : {Wanted(), Wanted(false), Wanted(true)}) {
        const CertificateMatch match{.presented = presented, .validated = validated};
        EXPECT_EQ(match.Matches(shown.is_secure ? &transport : nullptr),
                  presented.value_or(shown.presented) == shown.presented &&
                      validated.value_or(shown.validated) == shown.validated);
      }
    }
  }
}

TEST(RouteTable, AFailedConditionLetsTheSearchGoOn) {
  RouteSpec beta = To("beta", {Kind::kPrefix, "/"});
  beta.headers.emplace_back("X-Beta", StringMatcher::Exact("yes"));
  RouteSpec query = To("query", {Kind::kPrefix, "/"});
  query.query.push_back({"debug"});
  RouteSpec cookie = To("cookie", {Kind::kPrefix, "/"});
  cookie.cookies.push_back({"user", StringMatcher::Prefix("a")});
  RouteSpec grpc = To("grpc", {Kind::kPrefix, "/"});
  grpc.grpc_only = true;
  const Table table(Routes(std::move(beta), std::move(query), std::move(cookie), std::move(grpc),
                           To("rest", {Kind::kPrefix, "/"})));
  EXPECT_EQ(table.Find(Request("/", {{"x-beta", "yes"}})), "beta");
  EXPECT_EQ(table.Find("/?a=1&debug=2"), "query");
  EXPECT_EQ(table.Find(Request("/", {{"cookie", "x=1; user=ann"}})), "cookie");
  EXPECT_EQ(table.Find(Request("/", {{"content-type", "application/grpc+proto"}})), "grpc");
  EXPECT_EQ(table.Find(Request("/", {{"content-type", "application/grpc-web"}})), "rest");
}

TEST(RouteTable, FractionTakesItsShareOfTheRandomNumbers) {
  RouteSpec share = To("share", {Kind::kPrefix, "/"});
  share.fraction = FractionMatch{.numerator = 10, .denominator = 100};
  const Table table(Routes(std::move(share), To("rest", {Kind::kPrefix, "/"})));
  EXPECT_EQ(table.Find(Request("/"), 9), "share");
  EXPECT_EQ(table.Find(Request("/"), 10), "rest");
  EXPECT_EQ(table.Find(Request("/"), 1009), "share");
}

TEST(RouteTable, ConnectGoesToConnectRoutesAlone) {
  const Table table(Routes(To("prefix", {Kind::kPrefix, ""}), To("tunnel", {Kind::kConnect})));
  Request connect("");
  connect.head.method = http::Method::kConnect;
  EXPECT_EQ(table.Find(connect), "tunnel");
  EXPECT_EQ(table.Find("/"), "prefix");
  EXPECT_EQ(table.Find("*"), "prefix");  // OPTIONS *
}

TEST(RouteTable, MostSpecificDomainWins) {
  std::vector<VirtualHostSpec> hosts;
  hosts.push_back(Host("any", {"*"}));
  hosts.push_back(Host("suffix", {"*.foo.com"}));
  hosts.push_back(Host("longer", {"*.bar.foo.com", "*-x.foo.com"}));
  hosts.push_back(Host("prefix", {"www.*"}));
  hosts.push_back(Host("exact", {"www.Foo.com", "[::1]:8080"}));
  const auto table = *CompileHosts(std::move(hosts));
  const auto find = [&](std::string_view host) { return table->FindVirtualHost(host)->name(); };
  EXPECT_EQ(find("WWW.foo.COM"), "exact");
  EXPECT_EQ(find("[::1]:8080"), "exact");
  EXPECT_EQ(find("a.foo.com"), "suffix");
  EXPECT_EQ(find("a.bar.foo.com"), "longer");
  EXPECT_EQ(find("a-x.foo.com"), "longer");
  EXPECT_EQ(find("-x.foo.com"), "suffix");
  EXPECT_EQ(find("www.other.org"), "prefix");
  EXPECT_EQ(find("foo.com:80"), "any");
  EXPECT_EQ(find(""), "any");
}

TEST(RouteTable, IgnoresThePortWhereAsked) {
  std::vector<VirtualHostSpec> hosts;
  hosts.push_back(Host("foo", {"foo.com", "[::1]", "::1"}));
  const auto table = *CompileHosts(std::move(hosts), /*ignore_port=*/true);
  EXPECT_NE(table->FindVirtualHost("foo.com:8080"), nullptr);
  EXPECT_NE(table->FindVirtualHost("[::1]:80"), nullptr);
  EXPECT_NE(table->FindVirtualHost("[::1]"), nullptr);
  EXPECT_NE(table->FindVirtualHost("::1"), nullptr);  // its 1 is no port
  EXPECT_EQ(table->FindVirtualHost("foo.com:x"), nullptr);
}

std::string CompileError(std::vector<VirtualHostSpec> hosts) {
  const auto table = CompileHosts(std::move(hosts));
  return table.ok() ? "ok" : std::string(table.status().message());
}

TEST(RouteTable, RefusesADomainThatIsTaken) {
  std::vector<VirtualHostSpec> hosts;
  hosts.push_back(Host("one", {"a.com"}));
  hosts.push_back(Host("two", {"b.com", "A.com"}));
  EXPECT_EQ(CompileError(std::move(hosts)),
            "virtual_hosts \"two\": domains: \"A.com\" is already a domain of \"one\"; each domain "
            "may occur once in a route table");
}

TEST(RouteTable, RefusesWhatCannotBeCompiled) {
  const auto error_of = [](std::vector<std::string> domains, std::vector<RouteSpec> routes) {
    std::vector<VirtualHostSpec> hosts;
    hosts.push_back(Host("h", std::move(domains), std::move(routes)));
    return CompileError(std::move(hosts));
  };
  using testing::HasSubstr;
  EXPECT_THAT(error_of({}, {}), HasSubstr("domains: at least one is needed"));
  EXPECT_THAT(error_of({"a*b"}, {}), HasSubstr("got \"a*b\""));
  EXPECT_THAT(error_of({"*"}, Routes(To("r", {Kind::kSeparatedPrefix, "/a/"}))),
              HasSubstr("routes[0] \"r\": path_separated_prefix"));
  EXPECT_THAT(error_of({"*"}, Routes(Forwards({}))), HasSubstr("exactly one of cluster"));
  EXPECT_THAT(error_of({"*"}, Routes(Forwards({0, 0}))), HasSubstr("must add up to 1 to"));
  EXPECT_THAT(error_of({"*"}, Routes(Forwards({1, 2}, 100))), HasSubstr("add up to 100, got 3"));
  EXPECT_EQ(error_of({"*"}, Routes(Forwards({90, 10}, 100))), "ok");
  EXPECT_EQ(error_of({"*"}, Routes(Forwards({0}))), "ok");
}

TEST(RouteTable, FindsPathsWithLongPartsAndManyForks) {
  const std::string long_part(40, 'x');
  std::vector<RouteSpec> routes;
  for (char c = 'A'; c <= 'z'; ++c) {
    routes.push_back(To(std::string(1, c), {Kind::kExact, "/" + long_part + c + long_part}));
  }
  std::vector<VirtualHostSpec> hosts;
  hosts.push_back(Host("h", {"*"}, std::move(routes)));
  const auto table = *CompileHosts(std::move(hosts));
  for (char c = 'A'; c <= 'z'; ++c) {
    const Request request("/" + long_part + c + long_part);
    const Route* route = table->Find({.head = request.head});
    ASSERT_NE(route, nullptr) << c;
    EXPECT_EQ(route->spec().name, std::string(1, c));
  }
  const Request other("/" + long_part + "1" + long_part);
  EXPECT_EQ(table->Find({.head = other.head}), nullptr);
}

TEST(RouteTable, FilterConfigurationComesFromTheMostSpecificLevel) {
  struct Config final : http::RouteFilterConfig {};
  const auto of_route = std::make_shared<Config>();
  const auto of_host = std::make_shared<Config>();
  RouteSpec spec = To("r", {Kind::kPrefix, "/"});
  spec.filter_configs.push_back({"rbac", of_route});
  std::vector<VirtualHostSpec> hosts;
  hosts.push_back(Host("h", {"*"}, Routes(std::move(spec))));
  hosts[0].filter_configs.push_back({"rbac", of_host});
  hosts[0].filter_configs.push_back({"limit", of_host, /*disabled=*/true});
  const auto table = *CompileHosts(std::move(hosts));
  const Request request("/");
  const Route* route = table->Find({.head = request.head});
  EXPECT_EQ(route->filter_config("rbac", nullptr), of_route.get());
  const auto of_target = std::make_shared<Config>();
  WeightedTarget target;
  target.filter_configs.push_back({"rbac", of_target});
  target.filter_configs.push_back({"limit", nullptr, /*disabled=*/false});
  EXPECT_EQ(route->filter_config("rbac", &target), of_target.get());
  EXPECT_FALSE(route->is_filter_disabled("limit", true, &target));
  EXPECT_EQ(route->filter_config("limit", nullptr), of_host.get());
  EXPECT_EQ(route->filter_config("other", nullptr), nullptr);
  EXPECT_TRUE(route->is_filter_disabled("limit", false, nullptr));
  EXPECT_FALSE(route->is_filter_disabled("rbac", true, nullptr));
  EXPECT_TRUE(route->is_filter_disabled("other", true, nullptr));
}

}  // namespace
}  // namespace outrigger::route
