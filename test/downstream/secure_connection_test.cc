// A client's connection over a transport whose handshake is done.
#include "test/downstream/serving.h"
#include "test/net/fake_transport.h"

namespace outrigger::downstream {
namespace {

using net::FakeRecord;
using net::FakeText;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

void Secure(Serving& serving, net::FakeTransportOptions options = {}) {
  options.is_open = true;
  serving.transport = std::make_unique<net::FakeTransport>(std::move(options));
}

std::string Say(Serving& serving, std::string_view text) {
  return FakeText(serving.Send(FakeRecord(net::kFakeBytes, text)));
}

TEST(SecureConnection, IsHttps) {
  Serving serving;
  Secure(serving, {.info = {.server_name = "a.example"}});
  EXPECT_TRUE(Say(serving, kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(serving.backend.scheme, "https");
  EXPECT_EQ(serving.backend.forwarded_proto, "https");
  EXPECT_EQ(serving.log->server_name, "a.example");
}

TEST(SecureConnection, PlainOnesAreHttp) {
  Serving serving;
  EXPECT_TRUE(serving.Send(kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(serving.backend.scheme, "http");
  EXPECT_EQ(serving.backend.forwarded_proto, "http");
}

TEST(SecureConnection, SpeaksWhatWasAgreedOn) {
  for (const bool agreed_http2 : {false, true}) {
    Serving serving;
    Secure(serving, {.application_protocol = agreed_http2 ? "h2" : "http/1.1"});
    serving.Connect();
    EXPECT_EQ(serving.Count("downstream_cx_http2_total"), agreed_http2 ? 1u : 0u);
    EXPECT_EQ(serving.Count("downstream_cx_http1_total"), agreed_http2 ? 0u : 1u);
  }
}

TEST(SecureConnection, ListensForThePrefaceWhereNothingWasAgreedOn) {
  Serving serving;
  Secure(serving);
  serving.Connect();
  EXPECT_EQ(serving.Count("downstream_cx_http1_total"), 0u);
  Say(serving, std::string(kPreface) + std::string(kSettings));
  EXPECT_EQ(serving.Count("downstream_cx_http2_total"), 1u);
}

TEST(SecureConnection, FollowsCodecTypeOverTheAgreement) {
  Serving serving;
  serving.options->codec_type = CodecType::kHttp1;
  Secure(serving, {.application_protocol = "h2"});
  EXPECT_TRUE(Say(serving, kGet).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(SecureConnection, EndsInOrderWithTheTransport) {
  Serving serving;
  Secure(serving);
  EXPECT_TRUE(Say(serving, kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  const std::string last = serving.Send(FakeRecord(net::kFakeEnd));
  EXPECT_EQ(FakeText(last), "E");
  EXPECT_FALSE(serving.is_open());
}

TEST(SecureConnection, LogsWhyTheTransportFailed) {
  Serving serving;
  serving.backend.answers = false;
  Secure(serving);
  Say(serving, kGet);
  serving.Send(FakeRecord('?'));
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.log->downstream_failure, "no record");
  EXPECT_EQ(serving.log->detail, "downstream_remote_disconnect");
}

TEST(SecureConnection, TellsOfTheClientsCertificate) {
  Serving serving;
  serving.options->client_certificate.forward = ClientCertificateOptions::Forward::kSanitizeSet;
  net::CertificateInfo peer;
  peer.sha256 = "abcd";
  net::FakeTransportOptions options;
  options.info.peer = std::make_shared<const net::CertificateInfo>(peer);
  Secure(serving, std::move(options));
  Say(serving, "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-client-cert: Hash=forged\r\n\r\n");
  EXPECT_EQ(serving.backend.client_certificate, "Hash=abcd");
}

TEST(SecureConnection, RoutesByTheClientsCertificate) {
  for (const bool shows_one : {false, true}) {
    Serving serving;
    route::RouteSpec only_with;
    only_with.action = route::DirectResponse{};
    only_with.certificate = route::CertificateMatch{.presented = true, .validated = true};
    serving.route = std::move(only_with);
    net::FakeTransportOptions options;
    options.info.is_peer_verified = shows_one;
    if (shows_one) options.info.peer = std::make_shared<const net::CertificateInfo>();
    Secure(serving, std::move(options));
    Say(serving, kGet);
    EXPECT_EQ(serving.Count("no_route"), shows_one ? 0u : 1u);
  }
}

}  // namespace
}  // namespace outrigger::downstream
