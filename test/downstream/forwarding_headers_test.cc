#include "source/downstream/forwarding_headers.h"

#include "gtest/gtest.h"

namespace outrigger::downstream {
namespace {

using http::HeaderId;

// One request whose headers are rewritten as it comes from `peer`.
class Subject {
 public:
  void Add(std::string_view name, std::string_view value) { head.headers.AddCopy(name, value); }
  Forwarded Apply(const ForwardingOptions& options) {
    return ApplyForwardingHeaders(head, options, peer, local, "http", random);
  }
  std::string Get(std::string_view name) {
    return std::string(head.headers.Get(name).value_or("-"));
  }

  base::Arena arena;
  http::RequestHead head{arena};
  net::Address peer = *net::Address::Ip("9.9.9.9", 1234);
  net::Address local = *net::Address::Ip("127.0.0.1", 8080);
  absl::InsecureBitGen random;
};

TEST(ForwardingHeaders, TrustsXForwardedForBehindAnotherProxy) {
  Subject subject;
  subject.Add("x-forwarded-for", "1.1.1.1, 2.2.2.2");
  EXPECT_EQ(subject.Apply({}).remote.ip(), "2.2.2.2");
  EXPECT_EQ(subject.Get("x-forwarded-for"), "1.1.1.1, 2.2.2.2");
  EXPECT_EQ(subject.Get("x-forwarded-proto"), "http");
}

TEST(ForwardingHeaders, CountsTrustedHopsFromTheRight) {
  Subject subject;
  subject.Add("x-forwarded-for", "1.1.1.1, 2.2.2.2, 3.3.3.3");
  EXPECT_EQ(subject.Apply({.trusted_hops = 2}).remote.ip(), "1.1.1.1");
}

TEST(ForwardingHeaders, AppendsThePeerAtTheEdge) {
  Subject subject;
  subject.Add("x-forwarded-for", "1.1.1.1");
  subject.Add("x-forwarded-proto", "https");
  const Forwarded forwarded = subject.Apply({.use_remote_address = true});
  EXPECT_EQ(forwarded.remote.ip(), "9.9.9.9");
  EXPECT_EQ(subject.Get("x-forwarded-for"), "1.1.1.1,9.9.9.9");
  EXPECT_EQ(subject.Get("x-forwarded-proto"), "http") << "a stranger does not choose it";
  EXPECT_EQ(subject.Get("x-envoy-external-address"), "9.9.9.9");
}

TEST(ForwardingHeaders, BelievesTheHopBeforeItAtTheEdge) {
  Subject subject;
  subject.Add("x-forwarded-for", "5.5.5.5");
  subject.Add("x-forwarded-proto", "https");
  EXPECT_EQ(subject.Apply({.use_remote_address = true, .trusted_hops = 1}).remote.ip(), "5.5.5.5");
  EXPECT_EQ(subject.Get("x-forwarded-proto"), "https");
}

TEST(ForwardingHeaders, KeepsThePeerWhenTheHeaderIsGarbage) {
  Subject subject;
  subject.Add("x-forwarded-for", "not an address");
  EXPECT_EQ(subject.Apply({}).remote.ip(), "9.9.9.9");
}

TEST(ForwardingHeaders, TakesControlsFromStrangers) {
  Subject subject;
  subject.Add("x-envoy-max-retries", "99");
  subject.Add("x-envoy-upstream-rq-timeout-ms", "1");
  subject.Add("x-envoy-internal", "true");
  subject.Apply({.use_remote_address = true});
  EXPECT_EQ(subject.Get("x-envoy-max-retries"), "-");
  EXPECT_EQ(subject.Get("x-envoy-upstream-rq-timeout-ms"), "-");
  EXPECT_EQ(subject.Get("x-envoy-internal"), "-");
}

TEST(ForwardingHeaders, LeavesControlsToInternalCallers) {
  Subject subject;
  subject.Add("x-envoy-max-retries", "2");
  ForwardingOptions options{.use_remote_address = true};
  options.internal_addresses.push_back(*net::Cidr::Make("9.0.0.0", 8));
  EXPECT_TRUE(subject.Apply(options).is_internal);
  EXPECT_EQ(subject.Get("x-envoy-max-retries"), "2");
  EXPECT_EQ(subject.Get("x-envoy-internal"), "true");
}

TEST(ForwardingHeaders, MakesARequestIdOfVersionFour) {
  Subject subject;
  subject.Apply({});
  const std::string id = subject.Get("x-request-id");
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[8], '-');
  EXPECT_EQ(id[13], '-');
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
}

TEST(ForwardingHeaders, KeepsARequestIdUnlessAStrangerSentIt) {
  Subject inside;
  inside.Add("x-request-id", "mine");
  inside.Apply({});
  EXPECT_EQ(inside.Get("x-request-id"), "mine");
  Subject edge;
  edge.Add("x-request-id", "theirs");
  edge.Apply({.use_remote_address = true});
  EXPECT_NE(edge.Get("x-request-id"), "theirs");
  Subject preserved;
  preserved.Add("x-request-id", "theirs");
  preserved.Apply({.use_remote_address = true, .preserve_external_request_id = true});
  EXPECT_EQ(preserved.Get("x-request-id"), "theirs");
}

TEST(ForwardingHeaders, AppendsViaAndPort) {
  Subject subject;
  subject.Add("via", "1.1 first");
  subject.Apply({.append_x_forwarded_port = true, .via = "1.1 outrigger"});
  EXPECT_EQ(subject.Get("via"), "1.1 first, 1.1 outrigger");
  EXPECT_EQ(subject.Get("x-forwarded-port"), "8080");
}

TEST(ResponseHeaders, FollowTheServerHeaderPolicy) {
  const auto server = [](ServerHeader policy, std::string_view upstream) {
    base::Arena arena;
    http::RequestHead request(arena);
    http::ResponseHead head(arena);
    if (!upstream.empty()) head.headers.AddCopy("Server", upstream);
    ForwardingOptions options;
    options.server_header = policy;
    ApplyResponseHeaders(head, request, options, "now");
    EXPECT_EQ(head.headers.Get(HeaderId::kDate), "now");
    return std::string(head.headers.Get(HeaderId::kServer).value_or("-"));
  };
  EXPECT_EQ(server(ServerHeader::kOverwrite, "nginx"), "outrigger");
  EXPECT_EQ(server(ServerHeader::kAppendIfAbsent, "nginx"), "nginx");
  EXPECT_EQ(server(ServerHeader::kAppendIfAbsent, ""), "outrigger");
  EXPECT_EQ(server(ServerHeader::kPassThrough, ""), "-");
}

}  // namespace
}  // namespace outrigger::downstream
