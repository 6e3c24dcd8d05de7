// Pools whose connections run over a transport.
#include <gtest/gtest.h>

#include "test/net/fake_transport.h"
#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using net::FakeRecord;
using net::FakeText;
using std::chrono::milliseconds;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

// A world whose cluster "a" has a transport, and the server's side of it spoken by hand.
class SecureWorld : public World {
 public:
  template <typename Change>
  void AddSecureCluster(std::vector<Server*> servers, Change change) {
    AddCluster(std::move(servers), [&](ClusterSpec& spec) {
      spec.transport.transports = transports;
      change(spec);
    });
  }
  void AddSecureCluster(std::vector<Server*> servers) {
    AddSecureCluster(std::move(servers), [](ClusterSpec&) {});
  }
  // Turns until the server has read this much of that connection, in plain.
  [[nodiscard]] bool Gets(Server& server, size_t at, std::string_view text) {
    return RunUntil([&] {
      if (server.connections() <= at) return false;
      server.connection(at).Receive();
      return FakeText(server.connection(at).received()).find(text) != std::string::npos;
    });
  }
  [[nodiscard]] bool ShakesHands(Server& server, size_t at) {
    if (!Gets(server, at, "H")) return false;
    Send(server, at, FakeRecord(net::kFakeHello));
    return true;
  }
  void Send(Server& server, size_t at, std::string_view bytes) {
    ASSERT_EQ(server.connection(at).Send(bytes), bytes.size());
    Settle();
  }
  void Say(Server& server, size_t at, std::string_view text) {
    Send(server, at, FakeRecord(net::kFakeBytes, text));
  }

  std::shared_ptr<net::FakeClientTransports> transports =
      std::make_shared<net::FakeClientTransports>();
};

TEST(SecurePool, WaitsForTheHandshake) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.Gets(server, 0, "H"));
  world.Settle();
  EXPECT_TRUE(request->is_waiting());
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_active"), 1u);
  world.Send(server, 0, FakeRecord(net::kFakeHello));
  ASSERT_TRUE(world.Gets(server, 0, "GET / HTTP/1.1\r\n"));
  world.Say(server, 0, kOk);
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  EXPECT_EQ(request->body, "ok");
  EXPECT_NE(request->attempt->connection, nullptr);
  auto second = world.Start();
  ASSERT_TRUE(second->attempt);
  EXPECT_TRUE(second->attempt->is_reused_connection);
}

TEST(SecurePool, TellsWhyAHandshakeFailed) {
  SecureWorld world;
  Server server;
  world.transports->options.failure = "certificate of 127.0.0.1: expired";
  world.AddSecureCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  ASSERT_TRUE(request->failure);
  EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectFailed);
  EXPECT_EQ(request->failure->transport_failure, "certificate of 127.0.0.1: expired");
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 1u);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u);
  // It was told so.
  ASSERT_TRUE(world.Gets(server, 0, "HA"));
}

TEST(SecurePool, FailsWhenThePeerLeavesDuringTheHandshake) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.Gets(server, 0, "H"));
  server.connection(0).Close();
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  ASSERT_TRUE(request->failure);
  EXPECT_NE(request->failure->transport_failure, "");
}

TEST(SecurePool, CountsTheHandshakeIntoTheTimeToConnect) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server},
                         [](ClusterSpec& spec) { spec.connect_timeout = milliseconds(500); });
  auto request = world.Start();
  ASSERT_TRUE(world.Gets(server, 0, "H"));
  world.Advance(milliseconds(499));
  EXPECT_TRUE(request->is_waiting());
  world.Advance(milliseconds(2));
  ASSERT_TRUE(request->failure);
  EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectTimeout);
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_timeout"), 1u);
}

TEST(SecurePool, GivesTheWinnerOfARaceItsHandshake) {
  SecureWorld world;
  Server server;
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->addresses = {server.address(), *net::Address::Ip("127.0.0.1", 1)};
  world.AddSecureCluster({}, [&](ClusterSpec& spec) {
    spec.static_endpoints.endpoints.push_back(endpoint);
    spec.connect_timeout = milliseconds(1000);
  });
  auto request = world.Start();
  ASSERT_TRUE(world.Gets(server, 0, "H"));
  EXPECT_TRUE(request->is_waiting());
  world.Send(server, 0, FakeRecord(net::kFakeHello));
  ASSERT_TRUE(world.Gets(server, 0, "GET / HTTP/1.1\r\n"));
  request->Reset();
  auto slow = world.Start();
  ASSERT_TRUE(world.Gets(server, 1, "H"));
  world.Advance(milliseconds(1001));
  ASSERT_TRUE(slow->failure);
  EXPECT_EQ(slow->failure->kind, StartFailureKind::kConnectTimeout);
}

TEST(SecurePool, FailsFromTheLoopWhileThereAreNoSecrets) {
  SecureWorld world;
  Server server;
  world.transports->has_secrets = false;
  world.AddSecureCluster({&server});
  auto request = world.Start();
  EXPECT_FALSE(request->is_done());
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_EQ(request->failure->transport_failure,
            "the secrets of the TLS context have not come yet");
  EXPECT_EQ(world.Counter("a.client_ssl_socket_factory.upstream_context_secrets_not_ready"), 1u);
  EXPECT_EQ(server.connections(), 0u);
  world.transports->has_secrets = true;
  auto later = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return later->attempt.has_value(); }));
}

TEST(SecurePool, TellsThatNobodyListens) {
  World world;
  Server server;
  world.AddCluster({&server});
  server.StopListening();
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_EQ(request->failure->transport_failure, "delayed connect error: Connection refused");
}

// --- what comes to an end ----------------------------------------------------------------------

constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\n\r\na body";

TEST(SecurePool, TakesABodyUntilTheCloseThatTheTransportTold) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.Gets(server, 0, "GET / HTTP/1.1\r\n"));
  world.Say(server, 0, kUntilClose);
  world.Send(server, 0, FakeRecord(net::kFakeEnd));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_TRUE(request->is_complete);
  EXPECT_EQ(request->body, "a body");
}

TEST(SecurePool, TakesABodyThatIsCutOffForIncomplete) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.Gets(server, 0, "GET / HTTP/1.1\r\n"));
  world.Say(server, 0, kUntilClose);
  server.connection(0).FinishSending();
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  ASSERT_TRUE(request->error);
  EXPECT_EQ(request->error->kind, http::ErrorKind::kConnectionClosed);
}

// --- ALPN --------------------------------------------------------------------------------------

TEST(SecurePool, SpeaksWhatTheEndpointChose) {
  for (const bool chooses_http2 : {false, true}) {
    SecureWorld world;
    Server server;
    world.transports->options.application_protocol = chooses_http2 ? "h2" : "http/1.1";
    world.AddSecureCluster({&server},
                           [](ClusterSpec& spec) { spec.protocol = UpstreamProtocol::kAlpn; });
    auto request = world.Start();
    EXPECT_EQ(world.transports->offered, "h2,http/1.1");
    EXPECT_EQ(world.Counter("a.upstream_cx_http1_total"), 0u);
    ASSERT_TRUE(world.ShakesHands(server, 0));
    ASSERT_TRUE(world.Gets(server, 0, chooses_http2 ? "PRI * HTTP/2.0" : "GET / HTTP/1.1\r\n"));
    ASSERT_TRUE(request->attempt);
    EXPECT_EQ(request->attempt->protocol,
              chooses_http2 ? http::Protocol::kHttp2 : http::Protocol::kHttp11);
    EXPECT_EQ(world.Counter("a.upstream_cx_http2_total"), chooses_http2 ? 1u : 0u);
    EXPECT_EQ(world.Counter("a.upstream_cx_http1_total"), chooses_http2 ? 0u : 1u);
  }
}

TEST(SecurePool, RemembersWhatTheEndpointChose) {
  SecureWorld world;
  Server server;
  world.transports->options.application_protocol = "h2";
  world.AddSecureCluster({&server}, [](ClusterSpec& spec) {
    spec.protocol = UpstreamProtocol::kAlpn;
    spec.max_requests_per_connection = 2;
  });
  auto a = world.Start(), b = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.ShakesHands(server, 1));
  // SETTINGS: 100 streams at a time.
  world.Say(server, 1, std::string_view("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", 15));
  auto c = world.Start(), d = world.Start();  // on the two, which carry no more then
  EXPECT_TRUE(c->attempt && d->attempt);
  auto e = world.Start(), f = world.Start();  // one more connection is enough for both
  ASSERT_TRUE(world.ShakesHands(server, 2));
  world.Settle();
  EXPECT_TRUE(e->attempt && f->attempt);
  EXPECT_EQ(server.connections(), 3u);
}

TEST(SecurePool, RefusesAnEndpointThatChoseWhatTheClusterDoesNotSpeak) {
  SecureWorld world;
  Server server;
  world.transports->options.application_protocol = "http/1.1";
  world.AddSecureCluster({&server},
                         [](ClusterSpec& spec) { spec.protocol = UpstreamProtocol::kHttp2; });
  auto request = world.Start();
  EXPECT_EQ(world.transports->offered, "h2");
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_EQ(request->failure->transport_failure,
            "ALPN: the endpoint chose http/1.1, the cluster speaks h2");
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u);
}

// --- names -------------------------------------------------------------------------------------

void ByName(ClusterSpec& spec) { spec.auto_sni = spec.auto_san_validation = true; }

TEST(SecurePool, SharesNoConnectionBetweenNames) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server}, ByName);
  auto a = world.Start({.host_name = "a.example"});
  EXPECT_EQ(world.transports->server_name, "a.example");
  EXPECT_EQ(world.transports->verified_name, "a.example");
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.Gets(server, 0, "GET / HTTP/1.1\r\n"));
  world.Say(server, 0, kOk);
  ASSERT_TRUE(world.RunUntil([&] { return a->is_complete; }));
  auto b = world.Start({.host_name = "b.example"});
  EXPECT_TRUE(b->is_waiting());
  EXPECT_EQ(world.transports->server_name, "b.example");
  auto again = world.Start({.host_name = "a.example"});
  ASSERT_TRUE(again->attempt);
  EXPECT_TRUE(again->attempt->is_reused_connection);
}

TEST(SecurePool, AsksForNoServerNameOfAnAddress) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server}, ByName);
  auto request = world.Start({.host_name = "10.0.0.1"});
  EXPECT_EQ(world.transports->server_name, "");
  EXPECT_EQ(world.transports->verified_name, "10.0.0.1");
}

TEST(SecurePool, RefusesARequestWithoutANameToVerify) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server}, ByName);
  auto request = world.Start();
  ASSERT_TRUE(request->failure);
  EXPECT_EQ(request->failure->transport_failure, "auto_san_validation: the request names no host");
  EXPECT_EQ(server.connections(), 0u);
}

TEST(SecurePool, MakesRoomForNamesWhereNoRequestIs) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server}, ByName);
  std::vector<std::unique_ptr<Request>> requests;
  for (size_t i = 0; i < WorkerEndpoint::kMostNames; ++i) {
    const std::string name = absl::StrCat("host-", i, ".example");
    requests.push_back(world.Start({.host_name = name}));
    EXPECT_TRUE(requests.back()->is_waiting());
  }
  auto refused = world.Start({.host_name = "one.more.example"});
  ASSERT_TRUE(refused->failure);
  EXPECT_EQ(refused->failure->kind, StartFailureKind::kOverflow);
  requests[7]->Cancel();  // its connection is still being made
  auto served = world.Start({.host_name = "one.more.example"});
  EXPECT_TRUE(served->is_waiting());
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), WorkerEndpoint::kMostNames);
}

TEST(SecurePool, ForgetsNamesWithoutConnections) {
  SecureWorld world;
  Server server;
  world.AddSecureCluster({&server}, ByName);
  // Far more than fit at a time.
  for (size_t i = 0; i < 2 * WorkerEndpoint::kMostNames; ++i) {
    const std::string name = absl::StrCat("host-", i, ".example");
    auto request = world.Start({.host_name = name});
    ASSERT_TRUE(world.Gets(server, i, "H")) << i;
    server.connection(i).Reset();
    ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  }
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_overflow"), 0u);
}

TEST(SecurePool, RetiresConnectionsWithAnotherCertificateAsTheyAreChosen) {
  SecureWorld world;
  Server server;
  const auto is_outdated = std::make_shared<bool>(false);
  world.transports->options.is_outdated = is_outdated;
  world.AddSecureCluster({&server});
  auto busy = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 0));
  ASSERT_TRUE(world.Gets(server, 0, "GET /"));
  auto done = world.Start();
  ASSERT_TRUE(world.ShakesHands(server, 1));
  ASSERT_TRUE(world.Gets(server, 1, "GET /"));
  world.Say(server, 1, kOk);
  ASSERT_TRUE(world.RunUntil([&] { return done->is_complete; }));
  const auto all = [] { return true; };
  world.workers.RetireOutdated(all);
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 2u) << "they are what new ones would be";
  *is_outdated = true;
  world.workers.RetireOutdated([] { return false; });
  EXPECT_EQ(world.Counter("a.upstream_cx_outdated"), 0u) << "not their turn yet";
  world.workers.RetireOutdated(all);
  world.workers.RetireOutdated(all);
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_outdated"), 2u) << "each once";
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1u) << "the idle one went at once";
  world.Say(server, 0, kOk);
  ASSERT_TRUE(world.RunUntil([&] { return busy->is_complete; }));
  EXPECT_EQ(busy->body, "ok");
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u) << "the other with its request";
}

}  // namespace
}  // namespace outrigger::upstream
