// A gRPC stream over TLS, towards a server on the same loop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/client/grpc_stream.h"
#include "source/http/grpc/message_reader.h"
#include "source/net/acceptor.h"
#include "test/client/raw_server.h"
#include "test/client/turning.h"
#include "test/net/tls/world.h"

namespace outrigger::client {
namespace {

using net::tls::ClientContexts;
using net::tls::ClientSettings;
using net::tls::Counted;
using net::tls::ServerSettings;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Greets each client as a gRPC server does, and keeps what it says.
class TlsServer final : private net::ConnectionEvents {
 public:
  TlsServer(event::Loop& loop, std::shared_ptr<const net::ServerTransports> transports)
      : loop_(loop), transports_(std::move(transports)) {
    listener_ = *net::Listen(*net::Address::Ip("127.0.0.1", 0), {.reuse_port = false});
    acceptor_ = std::make_unique<net::Acceptor>(
        loop_, listener_.fd(), net::AcceptLimits(),
        [this](net::Socket socket, const net::Address& peer) {
          net::Accepted accepted(std::move(socket), peer);
          accepted.transport = transports_->Make();
          connection_ = std::make_unique<net::Connection>(
              loop_, std::move(accepted), static_cast<net::ConnectionEvents&>(*this),
              net::ConnectionLimits());
        },
        [](int) {});
  }
  net::Address address() const { return net::LocalAddress(listener_.fd()); }
  const std::string& received() const { return received_; }
  void Send(std::string_view bytes) {
    connection_->output().Append(bytes);
    connection_->FlushSoon();
  }
  net::Connection& connection() { return *connection_; }

 private:
  void OnConnected() override { Send(test::SettingsFrame()); }
  void OnData(base::Buffer& in, bool) override {
    received_ += in.ToString();
    in.RemovePrefix(in.size());
  }
  void OnClosed(net::CloseCause) override {}

  event::Loop& loop_;
  const std::shared_ptr<const net::ServerTransports> transports_;
  net::Socket listener_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::unique_ptr<net::Connection> connection_;
  std::string received_;
};

class GrpcStreamTls : public ::testing::Test, public GrpcStreamEvents {
 protected:
  void OnStreamOpen() override { is_open_ = true; }
  void OnMessage(std::string message) override { messages_.push_back(std::move(message)); }
  void OnStreamClosed(std::string_view reason) override {
    closed_.emplace_back(reason);
    loop_.DeleteLater(std::move(stream_));
  }
  void Connect(ServerSettings server, ClientSettings client) {
    server_ = std::make_unique<TlsServer>(loop_, net::tls::Serving(std::move(server)));
    Connect(net::tls::Calling(std::move(client)));
  }
  void Connect(std::shared_ptr<const net::ClientTransports> transports) {
    options_.path = "/a.B/C";
    options_.authority = "control.plane";
    stream_ =
        std::make_unique<GrpcStream>(loop_, options_,
                                     std::vector<GrpcEndpoint>{{.address = server_->address(),
                                                                .transports = std::move(transports),
                                                                .verified_name = verified_name_,
                                                                .application_protocols = "h2"}},
                                     0, *this);
  }
  template <typename Done>
  bool Turn(Done is_done) {
    return test::TurnUntil(loop_, is_done);
  }
  std::string Reason() {
    EXPECT_TRUE(Turn([&] { return !closed_.empty(); }));
    return closed_.empty() ? "" : closed_.front();
  }

  Counted counted_;
  base::ManualClock clock_;
  event::Loop loop_{clock_};
  std::unique_ptr<TlsServer> server_;
  GrpcStreamOptions options_;
  std::string verified_name_;
  std::unique_ptr<GrpcStream> stream_;
  bool is_open_ = false;
  std::vector<std::string> messages_;
  std::vector<std::string> closed_;
};

std::string Framed(std::string_view message) {
  base::Buffer out;
  http::grpc::AppendMessage(message, out);
  return out.ToString();
}

TEST_F(GrpcStreamTls, SendsAndReceivesMessages) {
  ServerSettings server = net::tls::PlainServer(counted_);
  server.application_protocols = {"h2"};
  Connect(std::move(server), net::tls::PlainClient(counted_));
  ASSERT_TRUE(Turn([&] { return is_open_; }));
  EXPECT_EQ(server_->connection().transport()->application_protocol(), "h2");
  stream_->Send("question");
  ASSERT_TRUE(Turn([&] { return server_->received().find("question") != std::string::npos; }));
  server_->Send(test::GrpcHead() + test::DataFrame(Framed("one")));
  ASSERT_TRUE(Turn([&] { return !messages_.empty(); }));
  EXPECT_THAT(messages_, ElementsAre("one"));
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(GrpcStreamTls, ShowsItsCertificateToAServerThatAsksForOne) {
  ServerSettings server = net::tls::PlainServer(counted_);
  server.trust = net::tls::TrustIn("root");
  server.requires_client_certificate = true;
  ClientSettings client = net::tls::PlainClient(counted_);
  client.certificate = net::tls::Cert("client");
  Connect(std::move(server), std::move(client));
  ASSERT_TRUE(Turn([&] { return is_open_ && !server_->received().empty(); }));
  EXPECT_THAT(server_->connection().transport()->info()->peer->uris,
              ElementsAre("spiffe://example.org/client"));
}

TEST_F(GrpcStreamTls, SaysWhyItDoesNotBelieveTheServer) {
  ClientSettings client = net::tls::PlainClient(counted_);
  client.trust = net::tls::TrustIn("other");
  Connect(net::tls::PlainServer(counted_), std::move(client));
  EXPECT_THAT(Reason(), HasSubstr("cannot connect to " + server_->address().ToString() +
                                  ": certificate of the server"));
  EXPECT_FALSE(is_open_);
}

TEST_F(GrpcStreamTls, SaysWhyTheServerDoesNotBelieveIt) {
  ServerSettings server = net::tls::PlainServer(counted_);
  server.trust = net::tls::TrustIn("root");
  server.requires_client_certificate = true;
  Connect(std::move(server), net::tls::PlainClient(counted_));
  EXPECT_THAT(Reason(), HasSubstr("the server sent the alert certificate_required"));
}

TEST_F(GrpcStreamTls, OffersHttp2AndNothingElse) {
  ServerSettings server = net::tls::PlainServer(counted_);
  server.application_protocols = {"http/1.1"};
  Connect(std::move(server), net::tls::PlainClient(counted_));
  EXPECT_THAT(Reason(), HasSubstr("the server sent the alert no_application_protocol"));
}

TEST_F(GrpcStreamTls, ClosesWhileItsSecretsAreNotHere) {
  server_ = std::make_unique<TlsServer>(loop_, net::tls::Serving(net::tls::PlainServer(counted_)));
  Connect(ClientContexts::New());
  EXPECT_THAT(Reason(), HasSubstr("waits for secrets that have not come yet"));
}

TEST_F(GrpcStreamTls, VerifiesTheNameThatItIsGiven) {
  verified_name_ = "elsewhere.example.com";
  Connect(net::tls::PlainServer(counted_), net::tls::PlainClient(counted_));
  EXPECT_THAT(Reason(), HasSubstr("elsewhere.example.com"));
}

}  // namespace
}  // namespace outrigger::client
