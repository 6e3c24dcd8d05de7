#include "source/extensions/http_filters/cors/cors.h"

#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::cors {
namespace {

using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HasStatus;
using testing::HeaderList;
using testing::RepliedWith;

constexpr std::string_view kAllowA =
    "allow_origin_string_match: [{exact: https://a.test}]\n"
    "allow_methods: GET,PUT\n"
    "allow_headers: x-one\n"
    "max_age: \"600\"\n";

// A chain with a cors filter, and what the route says.
class CorsChain {
 public:
  explicit CorsChain(std::string_view policy, std::string_view runtime = "{}")
      : surroundings_(runtime),
        policy_(surroundings_.Make<RouteConfig>(CreateForRoute, policy)),
        chain_(surroundings_.Make<Config>(Create, "{}")) {
    chain_.set_route_config(policy_.get());
  }
  FilterHarness* operator->() { return &chain_; }
  const testing::Reply& Preflight(std::string_view origin, const HeaderList& more = {}) {
    HeaderList headers = {{"origin", std::string(origin)},
                          {"access-control-request-method", "PUT"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return chain_.Request("OPTIONS /x", headers);
  }
  uint64_t Counter(std::string_view name) {
    return surroundings_.Counter(base::StrCat("http.edge.cors.", name));
  }

 private:
  FilterSurroundings surroundings_;
  config::RouteFilterConfigPtr policy_;
  FilterHarness chain_;
};

TEST(Cors, AnswersThePreflightOfAnAllowedOrigin) {
  CorsChain chain(kAllowA);
  const testing::Reply& reply = chain.Preflight("https://a.test");
  EXPECT_THAT(reply, RepliedWith(200, "cors_response"));
  EXPECT_EQ(reply.Header("access-control-allow-origin"), "https://a.test");
  EXPECT_EQ(reply.Header("access-control-allow-methods"), "GET,PUT");
  EXPECT_EQ(reply.Header("access-control-allow-headers"), "x-one");
  EXPECT_EQ(reply.Header("access-control-max-age"), "600");
  EXPECT_EQ(reply.Header("access-control-allow-credentials"), "");
  EXPECT_FALSE(chain->forwarded().has_head);
  EXPECT_EQ(chain.Counter("origin_valid"), 1u);
}

TEST(Cors, SendsThePreflightOfAStrangerOn) {
  CorsChain chain(kAllowA);
  EXPECT_THAT(chain.Preflight("https://b.test"), RepliedWith(200, "via_upstream"));
  EXPECT_TRUE(chain->forwarded().has_head);
  EXPECT_EQ(chain->reply().Header("access-control-allow-origin"), "");
  EXPECT_EQ(chain.Counter("origin_invalid"), 1u);
}

TEST(Cors, AnswersAStrangerWithoutPermissionWhenToldTo) {
  CorsChain chain(base::StrCat(kAllowA, "forward_not_matching_preflights: false"));
  EXPECT_THAT(chain.Preflight("https://b.test"), RepliedWith(200, "cors_response"));
  EXPECT_EQ(chain->reply().Header("access-control-allow-origin"), "");
}

TEST(Cors, RepeatsWhatWasAskedForWhenAllIsAllowed) {
  CorsChain chain(
      "allow_origin_string_match: [{exact: \"*\"}]\n"
      "allow_methods: \"*\"\nallow_headers: \"*\"\nallow_credentials: true\n"
      "allow_private_network_access: true");
  const testing::Reply& reply =
      chain.Preflight("https://any.test", {{"access-control-request-headers", "x-a,x-b"},
                                           {"access-control-request-private-network", "true"}});
  EXPECT_EQ(reply.Header("access-control-allow-origin"), "https://any.test");
  EXPECT_EQ(reply.Header("access-control-allow-methods"), "PUT");
  EXPECT_EQ(reply.Header("access-control-allow-headers"), "x-a,x-b");
  EXPECT_EQ(reply.Header("access-control-allow-credentials"), "true");
  EXPECT_EQ(reply.Header("access-control-allow-private-network"), "true");
}

TEST(Cors, LetsAPageReadTheResponseToAnAllowedOrigin) {
  CorsChain chain(base::StrCat(kAllowA, "expose_headers: x-two\nallow_credentials: true"));
  chain->Answer(200, "", {{"access-control-allow-origin", "what the service said"}});
  const testing::Reply& reply = chain->Request("GET /", {{"origin", "https://a.test"}});
  EXPECT_EQ(reply.Header("access-control-allow-origin"), "https://a.test");
  EXPECT_EQ(reply.Header("access-control-expose-headers"), "x-two");
  EXPECT_EQ(reply.Header("access-control-allow-credentials"), "true");
}

TEST(Cors, LeavesOtherRequestsAlone) {
  CorsChain chain(kAllowA);
  for (const HeaderList& headers :
       {HeaderList{}, HeaderList{{"origin", ""}}, HeaderList{{"origin", "https://b.test"}}}) {
    EXPECT_THAT(chain->Request("GET /", headers), HasStatus(200));
    EXPECT_EQ(chain->reply().Header("access-control-allow-origin"), "");
  }
  EXPECT_THAT(chain->Request("OPTIONS /", {{"origin", "https://a.test"}}),
              RepliedWith(200, "via_upstream"))
      << "no method was asked for: not a preflight";
}

TEST(Cors, DoesNothingWithoutAPolicyOfTheRoute) {
  CorsChain chain(kAllowA);
  chain->set_route_config(nullptr);
  EXPECT_THAT(chain.Preflight("https://a.test"), RepliedWith(200, "via_upstream"));
}

TEST(Cors, OnlyCountsInItsShadow) {
  CorsChain chain(base::StrCat(kAllowA,
                               "filter_enabled: {default_value: {numerator: 0}}\n"
                               "shadow_enabled: {default_value: {numerator: 100}}\n"));
  EXPECT_THAT(chain.Preflight("https://a.test"), RepliedWith(200, "via_upstream"));
  EXPECT_EQ(chain->reply().Header("access-control-allow-origin"), "");
  EXPECT_EQ(chain.Counter("origin_valid"), 1u);
}

TEST(Cors, IsOffForTheShareThatIsNotEnabled) {
  CorsChain chain(base::StrCat(kAllowA,
                               "filter_enabled: {runtime_key: cors.on, default_value: "
                               "{numerator: 100}}\n"),
                  "layers: [{name: a, static_layer: {cors.on: 30}}]");
  chain->set_random(300'000);
  EXPECT_THAT(chain.Preflight("https://a.test"), RepliedWith(200, "via_upstream"));
  chain->set_random(299'999);
  EXPECT_THAT(chain.Preflight("https://a.test"), RepliedWith(200, "cors_response"));
  EXPECT_EQ(chain.Counter("origin_valid"), 1u);
}

TEST(Cors, RefusesWhatCannotStandInAHeader) {
  FilterSurroundings surroundings;
  EXPECT_EQ(surroundings.Refusal<RouteConfig>(CreateForRoute, "max_age: \"1\\r\\nx: y\""),
            "max_age: must be the value of a header, got a line break or NUL in it");
}

}  // namespace
}  // namespace outrigger::cors
