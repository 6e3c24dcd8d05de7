#include "source/upstream/tcp_connection.h"

#include "gtest/gtest.h"
#include "source/upstream/original_destinations.h"
#include "test/net/fake_transport.h"
#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using std::chrono::milliseconds;

// A connection of plain bytes, and what it told.
class Plain final : private TcpEvents {
 public:
  explicit Plain(World& world) : tcp(world.turns.loop, world.Cluster(), Events()), world_(world) {}

  void Connect(const TcpSource& source = {}) { failure = tcp.Connect(source); }
  [[nodiscard]] bool Connects() {
    Connect();
    return !failure && world_.RunUntil([&] { return is_connected; });
  }
  void Send(std::string_view text) {
    tcp.connection()->output().Append(text);
    tcp.connection()->FlushSoon();
  }

  TcpConnection tcp;
  std::optional<StartFailure> failure;
  bool is_connected = false, has_ended = false, is_closed = false;
  std::string received;

 private:
  TcpEvents& Events() { return *this; }
  void OnUpstreamConnected() override { is_connected = true; }
  void OnUpstreamFailed(const StartFailure& why) override { failure = why; }
  void OnUpstreamData(base::Buffer& in, bool end) override {
    received += in.ToString();
    in.Clear();
    has_ended = has_ended || end;
  }
  void OnUpstreamOutputHigh() override {}
  void OnUpstreamOutputLow() override {}
  void OnUpstreamClosed(net::CloseCause) override { is_closed = true; }

  World& world_;
};

TEST(TcpConnection, CarriesBytesBothWaysAndGivesBackItsPlace) {
  World world;
  Server server;
  world.AddCluster({&server});
  {
    Plain plain(world);
    ASSERT_TRUE(plain.Connects());
    plain.Send("hello");
    ASSERT_TRUE(world.RunUntil([&] {
      return server.connections() == 1 && server.connection(0).Receive() &&
             server.connection(0).received() == "hello";
    }));
    server.connection(0).Send("and back");
    ASSERT_TRUE(world.RunUntil([&] { return plain.received == "and back"; }));
    EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1u);
    EXPECT_EQ(world.Counter("a.upstream_rq_active"), 1u);
  }
  world.Settle();
  for (const char* gauge :
       {"upstream_cx_active", "upstream_rq_active", "upstream_rq_pending_active"}) {
    EXPECT_EQ(world.Counter(std::string("a.") + gauge), 0u) << gauge;
  }
  EXPECT_EQ(world.Counter("a.upstream_cx_tx_bytes_total"), 5u);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_local"), 1u);
}

TEST(TcpConnection, TellsThatNobodyListens) {
  World world;
  Server server;
  world.AddCluster({&server});
  server.StopListening();
  Plain plain(world);
  plain.Connect();
  ASSERT_TRUE(world.RunUntil([&] { return plain.failure.has_value(); }));
  EXPECT_EQ(plain.failure->kind, StartFailureKind::kConnectFailed);
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 1u);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u);
}

TEST(TcpConnection, RefusesAtTheCircuitBreakers) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  Plain first(world), second(world);
  ASSERT_TRUE(first.Connects());
  second.Connect();
  ASSERT_TRUE(second.failure);
  EXPECT_EQ(second.failure->kind, StartFailureKind::kOverflow);
  EXPECT_EQ(world.Counter("a.upstream_cx_overflow"), 1u);
}

TEST(TcpConnection, IsCountedByLeastRequest) {
  World world;
  Server one, two;
  world.AddCluster({&one, &two}, [](ClusterSpec& spec) {
    spec.lb_policy = LbPolicy::kLeastRequest;
    spec.least_request_choices = 10;
  });
  std::vector<std::unique_ptr<Plain>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(std::make_unique<Plain>(world));
    ASSERT_TRUE(all.back()->Connects());
  }
  EXPECT_EQ(one.connections(), 2u);
  EXPECT_EQ(two.connections(), 2u);
}

TEST(TcpConnection, OutlivesItsEndpointAndItsCluster) {
  World world;
  Server server;
  world.AddCluster({}, [](ClusterSpec& spec) { spec.discovery = Discovery::kEds; });
  world.set.SetEndpoints("a", World::At({server.address()}));
  world.Settle();
  Plain plain(world);
  ASSERT_TRUE(plain.Connects());
  world.set.SetEndpoints("a", EndpointSet());
  world.set.Remove("a");
  world.Settle();
  plain.Send("still here");
  ASSERT_TRUE(world.RunUntil([&] {
    return server.connections() == 1 && server.connection(0).Receive() &&
           server.connection(0).received() == "still here";
  }));
}

TEST(TcpConnection, SaysWhoTheClientIs) {
  World world;
  Server server;
  world.AddCluster({&server},
                   [](ClusterSpec& spec) { spec.proxy_protocol = net::ProxyVersion::kV1; });
  const net::Address client = *net::Address::Parse("192.0.2.1:1000");
  const net::Address destination = *net::Address::Parse("198.51.100.2:80");
  Plain plain(world);
  plain.Connect({.client = &client, .destination = &destination});
  plain.Send("hello");
  const std::string expected = "PROXY TCP4 192.0.2.1 198.51.100.2 1000 80\r\nhello";
  EXPECT_TRUE(world.RunUntil([&] {
    return server.connections() == 1 && server.connection(0).Receive() &&
           server.connection(0).received() == expected;
  }));
}

TEST(TcpConnection, AnHttpRequestCannotSayWhoTheClientIs) {
  World world;
  Server server;
  world.AddCluster({&server},
                   [](ClusterSpec& spec) { spec.proxy_protocol = net::ProxyVersion::kV2; });
  EXPECT_EQ(world.Start()->failure_detail(), "proxy_protocol_needs_tcp_proxy");
}

// --- ORIGINAL_DST ------------------------------------------------------------------------------

void IsOriginalDst(ClusterSpec& spec) {
  spec.discovery = Discovery::kOriginalDst;
  spec.cleanup_interval = milliseconds(100);
}

TEST(OriginalDestination, IsWhereTheClientMeantToGo) {
  World world;
  Server server;
  world.AddCluster({}, IsOriginalDst);
  Plain plain(world);
  plain.Connect({.destination = &server.address(), .is_destination_restored = true});
  EXPECT_TRUE(world.RunUntil([&] { return plain.is_connected; }));
  EXPECT_EQ(plain.tcp.endpoint()->address(), server.address());
}

TEST(OriginalDestination, MayHaveAnotherPort) {
  World world;
  Server server;
  world.AddCluster({}, [&](ClusterSpec& spec) {
    IsOriginalDst(spec);
    spec.destination_port = server.address().port();
  });
  const net::Address other = server.address().WithPort(1);
  Plain plain(world);
  plain.Connect({.destination = &other, .is_destination_restored = true});
  EXPECT_TRUE(world.RunUntil([&] { return plain.is_connected; }));
}

TEST(OriginalDestination, IsNotTheSocketsOwnAddress) {
  World world;
  Server server;
  world.AddCluster({}, IsOriginalDst);
  Plain plain(world);
  plain.Connect({.destination = &server.address()});
  ASSERT_TRUE(plain.failure);
  EXPECT_EQ(plain.failure->kind, StartFailureKind::kNoEndpoint);
  EXPECT_EQ(world.Counter("a.upstream_cx_none_healthy"), 1u);
}

TEST(OriginalDestination, SharesAPoolAmongRequestsToOneAddress) {
  World world;
  Server server;
  world.AddCluster({}, IsOriginalDst);
  const PickHints hints{.destination = &server.address()};
  auto first = world.Start(hints);
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return first->is_complete; }));
  auto second = world.Start(hints);
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return second->is_complete; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 1u);
}

TEST(OriginalDestination, IsForgottenWithItsIdleConnections) {
  World world;
  Server server;
  world.AddCluster({}, IsOriginalDst);
  auto request = world.Start({.destination = &server.address()});
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  world.Advance(milliseconds(100));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1u);  // it was used since the last look
  world.Advance(milliseconds(100));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0u);
}

TEST(OriginalDestination, IsKeptWhileAConnectionUsesIt) {
  World world;
  Server server;
  world.AddCluster({}, IsOriginalDst);
  Plain plain(world);
  plain.Connect({.destination = &server.address(), .is_destination_restored = true});
  ASSERT_TRUE(world.RunUntil([&] { return plain.is_connected; }));
  world.Advance(milliseconds(100));
  world.Advance(milliseconds(100));
  EXPECT_FALSE(plain.is_closed);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1u);
}

TEST(OriginalDestinations, GiveNoneAboveTheirLimit) {
  net::TestLoop turns;
  size_t retired = 0;
  OriginalDestinations destinations(turns.loop, milliseconds(100),
                                    [&](std::unique_ptr<WorkerEndpoint>) { ++retired; });
  for (size_t i = 0; i < OriginalDestinations::kMostEndpoints; ++i) {
    const auto ip = absl::StrCat("10.0.", i >> 8, ".", i & 255);
    ASSERT_NE(destinations.Of(*net::Address::Ip(ip, 80)), nullptr);
  }
  EXPECT_EQ(destinations.Of(*net::Address::Ip("10.1.0.0", 80)), nullptr);
  EXPECT_NE(destinations.Of(*net::Address::Ip("10.0.0.0", 80)), nullptr);
  turns.clock.Advance(milliseconds(100));
  turns.Settle();
  turns.clock.Advance(milliseconds(100));
  turns.Settle();
  EXPECT_EQ(retired, OriginalDestinations::kMostEndpoints);
  EXPECT_EQ(destinations.size(), 0u);
}

TEST(TcpConnection, SendsTheProxyHeaderInPlainBeforeTheHandshake) {
  World world;
  Server server;
  auto transports = std::make_shared<net::FakeClientTransports>();
  world.AddCluster({&server}, [&](ClusterSpec& spec) {
    spec.transport.transports = transports;
    spec.proxy_protocol = net::ProxyVersion::kV1;
  });
  const net::Address client = *net::Address::Ip("10.0.0.1", 1000);
  const net::Address destination = *net::Address::Ip("10.0.0.2", 2000);
  Plain plain(world);
  plain.Connect({.client = &client, .destination = &destination});
  EXPECT_EQ(transports->offered, "");  // who knows what they are to carry
  const std::string header = "PROXY TCP4 10.0.0.1 10.0.0.2 1000 2000\r\n";
  ASSERT_TRUE(world.RunUntil([&] {
    return server.connections() == 1 && server.connection(0).Receive() &&
           server.connection(0).received() == header + net::FakeRecord(net::kFakeHello);
  }));
  EXPECT_FALSE(plain.is_connected);
  server.connection(0).Send(net::FakeRecord(net::kFakeHello));
  ASSERT_TRUE(world.RunUntil([&] { return plain.is_connected; }));
  plain.Send("hello");
  ASSERT_TRUE(world.RunUntil([&] {
    server.connection(0).Receive();
    return server.connection(0).received().ends_with(net::FakeRecord(net::kFakeBytes, "hello"));
  }));
}

TEST(TcpConnection, TellsWhyAHandshakeFailed) {
  World world;
  Server server;
  auto transports = std::make_shared<net::FakeClientTransports>();
  transports->options.failure = "certificate of db: expired";
  world.AddCluster({&server}, [&](ClusterSpec& spec) { spec.transport.transports = transports; });
  Plain plain(world);
  plain.Connect();
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 1; }));
  server.connection(0).Send(net::FakeRecord(net::kFakeHello));
  ASSERT_TRUE(world.RunUntil([&] { return plain.failure.has_value(); }));
  EXPECT_EQ(plain.failure->kind, StartFailureKind::kConnectFailed);
  EXPECT_EQ(plain.failure->transport_failure, "certificate of db: expired");
}

}  // namespace
}  // namespace outrigger::upstream
