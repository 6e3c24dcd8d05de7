#include "source/server/worker_chain.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "source/http/describe_client.h"
#include "test/net/fake_transport.h"
#include "test/net/loopback.h"

namespace outrigger::server {
namespace {

using net::FakeRecord;
using net::FakeText;

// Answers a client at once.
class Greeter final : public tcp::Session, private net::ConnectionEvents {
 public:
  Greeter(event::Loop& loop, net::Accepted connection, tcp::SessionOwner& owner)
      : owner_(owner), client_(loop, std::move(connection), *this, {}) {
    client_.output().Append("hello");
    client_.FlushSoon();
  }
  void Close() override {
    client_.Close(net::CloseMode::kNow);
    owner_.OnSessionEnd(*this);
  }
  void Describe(http::StreamSummary& summary) override {
    http::DescribeClient(client_, nullptr, summary);
    summary.request_body_bytes = client_.bytes_read();
  }

 private:
  void OnData(base::Buffer& in, bool end) override {
    client_.output().Append(std::move(in));
    client_.FlushSoon();
    if (end) client_.FinishOutput();
  }
  void OnClosed(net::CloseCause) override { owner_.OnSessionEnd(*this); }

  tcp::SessionOwner& owner_;
  net::Connection client_;
};

// What the listener's log was told last.
class LastLine final : public http::AccessLogger {
 public:
  void Log(const http::StreamSummary& summary) const override {
    ++lines;
    detail = std::string(summary.detail);
    failure = std::string(summary.downstream_failure_reason);
    server_name = std::string(summary.ServerName());
    has_addresses = summary.downstream_local->port() != 0 && summary.downstream_remote->port() != 0;
    received = summary.request_body_bytes;
    duration = summary.end - summary.start;
  }
  mutable int lines = 0;
  mutable std::string detail, failure, server_name;
  mutable bool has_addresses = false;
  mutable uint64_t received = 0;
  mutable base::Nanoseconds duration{};
};

// A chain of sessions that greet over a transport, and clients on loopback.
class Chain : private WorkerChainOwner {
 public:
  Chain() {
    spec->transports = transports;
    spec->session = [this](tcp::SessionWorker& worker, net::Accepted connection,
                           const tcp::SessionLimits&, tcp::SessionOwner& owner) {
      ++sessions;
      if (connection.arrival != nullptr) server_name = connection.arrival->server_name;
      return std::make_unique<Greeter>(worker.loop, std::move(connection), owner);
    };
    chain = std::make_unique<WorkerChain>(http_, sessions_, spec, nullptr,
                                          static_cast<WorkerChainOwner&>(*this));
  }
  ~Chain() override {
    chain->CloseAll();
    turns.Settle();
    chain.reset();
  }

  net::RawPeer Connect(std::string read_before = {}) {
    auto [ours, peer] = net::TcpPair();
    const net::Address address = net::PeerAddress(ours.fd());
    net::Accepted accepted(std::move(ours), address);
    if (!read_before.empty()) accepted.read.Append(read_before);
    accepted.Found().server_name = "a.example";
    chain->Serve(std::move(accepted));
    return net::RawPeer(std::move(peer));
  }
  [[nodiscard]] bool Hears(net::RawPeer& peer, std::string_view text) {
    return turns.RunUntil([&] {
      peer.Receive();
      return FakeText(peer.received()) == text;
    });
  }
  [[nodiscard]] bool SeesEnd(net::RawPeer& peer) {
    return turns.RunUntil([&] { return !peer.Receive(); });
  }
  uint64_t Count(std::string_view name) {
    return store.Value("listener.test." + std::string(name)).value_or(999);
  }

  net::TestLoop turns;
  stats::Store store;
  std::shared_ptr<net::FakeServerTransports> transports =
      std::make_shared<net::FakeServerTransports>();
  std::shared_ptr<config::FilterChainSpec> spec = std::make_shared<config::FilterChainSpec>();
  std::unique_ptr<WorkerChain> chain;
  int sessions = 0, ends = 0;
  uint32_t handshakes = 0;
  std::string server_name;
  std::shared_ptr<LastLine> log = std::make_shared<LastLine>();

 private:
  AccessLoggers loggers_{log};
  void OnChainConnectionEnd() override { ++ends; }
  const config::ListenerCounters& counters() const override { return counters_; }
  const AccessLoggers& access_loggers() const override { return loggers_; }
  uint32_t& handshake_count() override { return handshakes; }

  config::ListenerCounters counters_ = config::ListenerCounters::Declare(store, "test");
  upstream::WorkerClusters clusters_{turns.loop};
  downstream::HttpWorker http_{turns.loop, clusters_};
  tcp::SessionWorker sessions_{turns.loop, clusters_, upstream::Random(1)};
};

TEST(WorkerChain, ServesOnceTheHandshakeIsDone) {
  Chain chain;
  net::RawPeer client = chain.Connect();
  chain.turns.Settle();
  EXPECT_EQ(chain.sessions, 0);
  EXPECT_EQ(chain.handshakes, 1u);
  EXPECT_EQ(chain.chain->connection_count(), 1u);
  client.Send(FakeRecord(net::kFakeHello));
  ASSERT_TRUE(chain.Hears(client, "Hhello"));
  EXPECT_EQ(chain.handshakes, 0u);
  EXPECT_EQ(chain.server_name, "a.example");
  client.Send(FakeRecord(net::kFakeBytes, " again"));
  ASSERT_TRUE(chain.Hears(client, "Hhello again"));
}

TEST(WorkerChain, LosesNothingThatCameWithTheHandshake) {
  const std::string all =
      FakeRecord(net::kFakeHello) + FakeRecord(net::kFakeBytes, "!") + FakeRecord(net::kFakeEnd);
  for (const size_t read_before : {size_t{0}, size_t{2}, all.size()}) {
    Chain chain;
    net::RawPeer client = chain.Connect(all.substr(0, read_before));
    if (read_before < all.size()) client.Send(all.substr(read_before));
    ASSERT_TRUE(chain.Hears(client, "Hhello!E")) << read_before;
    ASSERT_TRUE(chain.SeesEnd(client));
  }
}

TEST(WorkerChain, TellsAClientThatItsHandshakeFailed) {
  Chain chain;
  chain.transports->options.failure = "no certificate";
  net::RawPeer client = chain.Connect();
  client.Send(FakeRecord(net::kFakeHello));
  ASSERT_TRUE(chain.Hears(client, "A"));
  client.Close();
  ASSERT_TRUE(chain.turns.RunUntil([&] { return chain.ends == 1; }));
  EXPECT_EQ(chain.handshakes, 0u);
  EXPECT_EQ(chain.sessions, 0);
  EXPECT_EQ(chain.chain->connection_count(), 0u);
  EXPECT_EQ(chain.log->lines, 1);
  EXPECT_EQ(chain.log->detail, "handshake_failed");
  EXPECT_EQ(chain.log->failure, "no certificate");
  EXPECT_EQ(chain.log->server_name, "a.example");
  EXPECT_TRUE(chain.log->has_addresses);
  EXPECT_EQ(chain.log->received, 3u);
}

TEST(WorkerChain, LogsASessionWhenItIsOver) {
  Chain chain;
  net::RawPeer client = chain.Connect();
  client.Send(FakeRecord(net::kFakeHello) + FakeRecord(net::kFakeBytes, "!"));
  ASSERT_TRUE(chain.Hears(client, "Hhello!"));
  EXPECT_EQ(chain.log->lines, 0);
  client.Reset();
  ASSERT_TRUE(chain.turns.RunUntil([&] { return chain.ends == 1; }));
  EXPECT_EQ(chain.log->lines, 1);
  EXPECT_EQ(chain.log->detail, "");
  EXPECT_TRUE(chain.log->has_addresses);
}

TEST(WorkerChain, GivesUpOnAHandshakeThatTakesTooLong) {
  Chain chain;
  chain.spec->handshake_timeout = base::Milliseconds(1000);
  net::RawPeer client = chain.Connect();
  chain.turns.Settle();
  chain.turns.clock.Advance(base::Milliseconds(999));
  chain.turns.Settle();
  EXPECT_EQ(chain.ends, 0);
  chain.turns.clock.Advance(base::Milliseconds(2));
  ASSERT_TRUE(chain.SeesEnd(client));
  EXPECT_EQ(chain.ends, 1);
  EXPECT_EQ(chain.handshakes, 0u);
  EXPECT_EQ(chain.Count("downstream_cx_transport_socket_connect_timeout"), 1u);
  EXPECT_EQ(chain.log->detail, "handshake_timeout");
  EXPECT_EQ(chain.log->duration, base::Milliseconds(1001));
}

TEST(WorkerChain, ClosesWhatComesBeforeItsSecrets) {
  Chain chain;
  chain.transports->has_secrets = false;
  net::RawPeer client = chain.Connect();
  ASSERT_TRUE(chain.SeesEnd(client));
  EXPECT_EQ(chain.ends, 1);
  EXPECT_EQ(chain.handshakes, 0u);
  EXPECT_EQ(chain.Count("server_ssl_socket_factory.downstream_context_secrets_not_ready"), 1u);
  EXPECT_EQ(chain.log->detail, "handshake_without_secrets");
}

TEST(WorkerChain, LimitsTheHandshakesThatGoOn) {
  Chain chain;
  chain.handshakes = WorkerChain::kMostHandshakes - 1;
  net::RawPeer first = chain.Connect();
  net::RawPeer second = chain.Connect();
  ASSERT_TRUE(chain.SeesEnd(second));
  EXPECT_EQ(chain.Count("downstream_cx_handshake_overflow"), 1u);
  EXPECT_EQ(chain.log->detail, "handshake_overflow");
  first.Send(FakeRecord(net::kFakeHello));
  ASSERT_TRUE(chain.Hears(first, "Hhello"));
  net::RawPeer third = chain.Connect();
  third.Send(FakeRecord(net::kFakeHello));
  ASSERT_TRUE(chain.Hears(third, "Hhello"));
}

TEST(WorkerChain, ClosesHandshakesWithTheRest) {
  Chain chain;
  net::RawPeer client = chain.Connect();
  chain.turns.Settle();
  chain.chain->CloseAll();
  EXPECT_EQ(chain.ends, 1);
  EXPECT_EQ(chain.handshakes, 0u);
  ASSERT_TRUE(chain.SeesEnd(client));
}

}  // namespace
}  // namespace outrigger::server
