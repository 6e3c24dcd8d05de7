// The router over HTTP/2: replays, gRPC retries, deadlines.
#include <gtest/gtest.h>

#include "test/client/raw_server.h"
#include "test/extensions/http_filters/router/router_world.h"
#include "test/harness/http2_heads.h"

namespace outrigger::router {
namespace {

using test::Field;
using test::Frame;

const HeaderList kGrpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};
constexpr char kRefusedStream = 7, kCancel = 8;

// A world whose cluster speaks HTTP/2, and the frames that its server sends.
class Http2World : public World {
 public:
  Http2World() {
    AddCluster("a", {&server}, [](upstream::ClusterSpec& spec) {
      spec.protocol = upstream::UpstreamProtocol::kHttp2;
    });
  }
  // Turns until the head of that stream has come.
  [[nodiscard]] bool GetsHead(uint32_t stream, bool last, size_t connection = 0) {
    return turns.RunUntil([&] {
      if (server.connections() <= connection) return false;
      for (testing::Http2Head& each : testing::HeadsIn(server.received(connection))) {
        if (each.stream != stream || each.last != last) continue;
        head = std::move(each);
        return true;
      }
      return false;
    });
  }
  testing::Http2Head head;  // that GetsHead found
  void Send(std::string_view frames, size_t connection = 0) {
    server.Send(frames, connection);
    Settle();
  }
  void Greet(size_t connection = 0) { Send(test::SettingsFrame(), connection); }
  static std::string Ok(uint32_t stream) { return Frame(1, 5, stream, "\x88"); }
  static std::string TrailersOnly(uint32_t stream, std::string_view code) {
    return Frame(1, 5, stream,
                 "\x88" + Field("content-type", "application/grpc") + Field("grpc-status", code));
  }
  static std::string ResetOf(uint32_t stream, char code) {
    return Frame(3, 0, stream, std::string({0, 0, 0, code}));
  }
};

route::RetryPolicy Policy(uint32_t retry_on) {
  route::RetryPolicy policy;
  policy.retry_on = retry_on;
  policy.max_retries = 2;
  return policy;
}

TEST(RouterHttp2, ForwardsOverOneConnection) {
  Http2World world;
  Client& first = world.Request("GET /one");
  Client& second = world.Request("GET /two");
  ASSERT_TRUE(world.GetsHead(1, true));
  ASSERT_TRUE(world.GetsHead(3, true));
  world.Greet();
  world.Send(Http2World::Ok(3) + Http2World::Ok(1));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(world.server.connections(), 1u);
}

TEST(RouterHttp2, KeepsTeTrailersAndNothingElseOfTheConnection) {
  Http2World world;
  world.Request("GET /", {{"te", "trailers"}, {"connection", "te"}, {"keep-alive", "5"}});
  ASSERT_TRUE(world.GetsHead(1, true));
  EXPECT_EQ(world.head.Get(":authority"), "test");
  EXPECT_EQ(world.head.Get("te"), "trailers");
  for (const char* name : {"host", "connection", "keep-alive"}) {
    EXPECT_EQ(world.head.Get(name), "") << name;
  }
}

TEST(RouterHttp2, KeepsAnEmptyBodyApartFromNone) {
  Http2World world;
  Client& client = world.Request("POST /", kGrpc, /*last=*/false);
  client.Body("", true);  // before there is a connection
  ASSERT_TRUE(world.GetsHead(1, /*last=*/false));
  ASSERT_TRUE(world.server.Gets(Frame(0, 1, 1, "")));
}

TEST(RouterHttp2, ReplaysAStreamThatTheServerRefusedWithItsBody) {
  Http2World world;
  Client& client = world.Request("POST /", {}, /*last=*/false);
  client.Body("the body", true);
  ASSERT_TRUE(world.server.Gets("the body"));
  world.Greet();
  world.Send(Http2World::ResetOf(1, kRefusedStream));
  ASSERT_TRUE(world.GetsHead(3, false));
  ASSERT_TRUE(world.server.Gets("the body"));
  world.Send(Http2World::Ok(3));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_replayed"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry"), 0u);
  EXPECT_EQ(client.seen.attempts, 1u);
}

TEST(RouterHttp2, ReplaysElsewhereWhatGoAwayDidNotReach) {
  Http2World world;
  Client& first = world.Request("GET /one");
  Client& second = world.Request("POST /two");
  ASSERT_TRUE(world.GetsHead(3, true));
  world.Greet();
  world.Send(Frame(7, 0, 0, std::string({0, 0, 0, 1, 0, 0, 0, 0})));
  ASSERT_TRUE(world.GetsHead(1, true, 1));
  world.Greet(1);
  world.Send(Http2World::Ok(1), 1);
  EXPECT_EQ(second.status, 200);
  EXPECT_FALSE(first.is_over());
  world.Send(Http2World::Ok(1));
  EXPECT_EQ(first.status, 200);
}

TEST(RouterHttp2, DoesNotReplayWithoutEnd) {
  Http2World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  for (uint32_t stream = 1; stream < 9; stream += 2) {
    world.Send(Http2World::ResetOf(stream, kRefusedStream));
  }
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.seen.detail,
            "upstream_reset_before_response_started{remote_refused_stream_reset}");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_replayed"), 3u);
}

TEST(RouterHttp2, DoesNotReplayABodyThatItDidNotKeep) {
  Http2World world;
  world.SetForward([](route::ForwardAction& forward) { forward.replay_limit_bytes = 4; });
  Client& client = world.Request("POST /", {}, /*last=*/false);
  ASSERT_TRUE(world.GetsHead(1, false));
  client.Body("more than four", false);
  ASSERT_TRUE(world.server.Gets("more than four"));
  world.Greet();
  world.Send(Http2World::ResetOf(1, kRefusedStream));
  EXPECT_EQ(client.status, 503);
}

TEST(RouterHttp2, RetriesARefusedStreamWhereThePolicySaysSo) {
  Http2World world;
  world.SetRetries(Policy(route::kRetryRefusedStream));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  for (uint32_t stream = 1; stream < 9; stream += 2) {
    world.Send(Http2World::ResetOf(stream, kRefusedStream));
  }
  EXPECT_FALSE(client.is_over());
  world.Advance(base::Milliseconds(25));
  ASSERT_TRUE(world.GetsHead(9, true));
  world.Send(Http2World::Ok(9));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.seen.attempts, 2u);
}

TEST(RouterHttp2, RetriesAResetStreamWhereThePolicySaysSo) {
  Http2World world;
  world.SetRetries(Policy(route::kRetryReset));
  Client& client = world.Request("POST /");
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Send(Http2World::ResetOf(1, kCancel));
  world.Advance(base::Milliseconds(25));
  ASSERT_TRUE(world.GetsHead(3, true));
  world.Send(Http2World::Ok(3));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterHttp2, AnswersAResetOfTheServer) {
  Http2World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Send(Http2World::ResetOf(1, kCancel));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.seen.detail, "upstream_reset_before_response_started{remote_reset}");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_rx_reset"), 1u);
}

struct GrpcRetry {
  uint32_t retry_on;
  std::string_view status;
};
class RouterGrpcRetry : public ::testing::TestWithParam<GrpcRetry> {};

TEST_P(RouterGrpcRetry, TriesAgainAfterAHeadWithThatStatus) {
  Http2World world;
  world.SetRetries(Policy(GetParam().retry_on));
  Client& client = world.Request("POST /package.Service/Method", kGrpc);
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Send(Http2World::TrailersOnly(1, GetParam().status));
  EXPECT_FALSE(client.is_over());
  world.Advance(base::Milliseconds(25));
  ASSERT_TRUE(world.GetsHead(3, true));
  world.Send(Http2World::TrailersOnly(3, "0"));
  EXPECT_EQ(client.Header("grpc-status"), "0");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry_success"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Statuses, RouterGrpcRetry,
                         ::testing::Values(GrpcRetry{route::kRetryGrpcCancelled, "1"},
                                           GrpcRetry{route::kRetryGrpcDeadlineExceeded, "4"},
                                           GrpcRetry{route::kRetryGrpcResourceExhausted, "8"},
                                           GrpcRetry{route::kRetryGrpcInternal, "13"},
                                           GrpcRetry{route::kRetryGrpcUnavailable, "14"}));

TEST(RouterGrpcRetries, AreNotForAStatusThatThePolicyDoesNotName) {
  Http2World world;
  world.SetRetries(Policy(route::kRetryGrpcUnavailable));
  Client& client = world.Request("POST /package.Service/Method", kGrpc);
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Send(Http2World::TrailersOnly(1, "13"));
  EXPECT_EQ(client.Header("grpc-status"), "13");
}

TEST(RouterGrpcRetries, CanBeAskedForByTheRequest) {
  Http2World world;
  HeaderList headers = kGrpc;
  headers.emplace_back("x-envoy-retry-grpc-on", "unavailable");
  Client& client = world.Request("POST /package.Service/Method", headers);
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Send(Http2World::TrailersOnly(1, "14"));
  EXPECT_FALSE(client.is_over());
  world.Advance(base::Milliseconds(25));
  ASSERT_TRUE(world.GetsHead(3, true));
}

TEST(RouterGrpcTimeout, TellsEachAttemptWhatIsLeft) {
  Http2World world;
  route::RetryPolicy policy = Policy(route::kRetryGrpcUnavailable);
  policy.back_off_base = policy.back_off_max = base::Milliseconds(1);
  world.SetForward([&](route::ForwardAction& forward) {
    forward.max_grpc_timeout = base::Milliseconds(2000);
    forward.retry = std::make_shared<const route::RetryPolicy>(policy);
  });
  HeaderList headers = kGrpc;
  headers.emplace_back("grpc-timeout", "1S");
  Client& client = world.Request("POST /package.Service/Method", headers);
  ASSERT_TRUE(world.GetsHead(1, true));
  EXPECT_EQ(world.head.Get("grpc-timeout"), "1000m");
  EXPECT_EQ(world.head.Get("x-envoy-expected-rq-timeout-ms"), "1000");
  world.Greet();
  world.Advance(base::Milliseconds(400));
  world.Send(Http2World::TrailersOnly(1, "14"));
  world.Advance(base::Milliseconds(2));
  ASSERT_TRUE(world.GetsHead(3, true));
  EXPECT_EQ(world.head.Get("grpc-timeout"), "600m");
  world.Advance(base::Milliseconds(599));
  EXPECT_EQ(client.status, 504);
}

TEST(RouterGrpcTimeout, PassesOnWhatTheClientSaidWhereTheStreamsDurationFollowsIt) {
  Http2World world;
  world.SetForward([](route::ForwardAction& forward) {
    forward.timeout = std::nullopt;
    forward.grpc_timeout_header_max = base::Milliseconds(5000);
  });
  HeaderList headers = kGrpc;
  headers.emplace_back("grpc-timeout", "1S");
  Client& client = world.Request("POST /package.Service/Method", headers);
  ASSERT_TRUE(world.GetsHead(1, true));
  EXPECT_EQ(world.head.Get("grpc-timeout"), "1S");
  world.Advance(base::Milliseconds(1001));
  EXPECT_TRUE(client.is_over());
  EXPECT_EQ(client.seen.detail, "max_duration_timeout");
}

// A call with grpc-timeout 1S that the server resets after that time.
struct LateReset {
  explicit LateReset(base::Milliseconds after) {
    world.SetForward([](route::ForwardAction& forward) { forward.timeout = std::nullopt; });
    HeaderList headers = kGrpc;
    headers.emplace_back("grpc-timeout", "1S");
    client = &world.Request("POST /package.Service/Method", headers);
    EXPECT_TRUE(world.GetsHead(1, true));
    world.Greet();
    world.Advance(after);
    world.Send(Http2World::ResetOf(1, kCancel));
  }
  Http2World world;
  Client* client = nullptr;
};

TEST(RouterGrpcTimeout, ExplainsAResetOfTheServerBehindIt) {
  LateReset call(base::Milliseconds(1000));
  EXPECT_EQ(call.client->grpc_status, 4);
  EXPECT_EQ(call.client->seen.detail, "upstream_reset_before_response_started{remote_reset}");
}

TEST(RouterGrpcTimeout, DoesNotExplainAResetBeforeIt) {
  LateReset call(base::Milliseconds(999));
  EXPECT_EQ(call.client->status, 503);
  EXPECT_EQ(call.client->grpc_status, std::nullopt);
}

TEST(RouterGrpcTimeout, OfAnAttemptExplainsAResetBehindWhatWasLeft) {
  Http2World world;
  route::RetryPolicy policy = Policy(route::kRetryGrpcUnavailable);
  policy.back_off_base = policy.back_off_max = base::Milliseconds(1);
  world.SetForward([&](route::ForwardAction& forward) {
    forward.max_grpc_timeout = base::Milliseconds(0);
    forward.retry = std::make_shared<const route::RetryPolicy>(policy);
  });
  HeaderList headers = kGrpc;
  headers.emplace_back("grpc-timeout", "1S");
  Client& client = world.Request("POST /package.Service/Method", headers);
  ASSERT_TRUE(world.GetsHead(1, true));
  world.Greet();
  world.Advance(base::Milliseconds(700));
  world.Send(Http2World::TrailersOnly(1, "14"));
  world.Advance(base::Milliseconds(2));
  ASSERT_TRUE(world.GetsHead(3, true));
  ASSERT_EQ(world.head.Get("grpc-timeout"), "300m");
  world.Advance(base::Milliseconds(100));
  world.Send(Http2World::ResetOf(3, kCancel));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.grpc_status, std::nullopt);
}

}  // namespace
}  // namespace outrigger::router
