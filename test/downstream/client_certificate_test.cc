#include "source/downstream/client_certificate.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "test/net/fake_transport.h"

namespace outrigger::downstream {
namespace {

using Forward = ClientCertificateOptions::Forward;

// A request with the header "from=before" on a connection whose client showed `peer`.
class Subject {
 public:
  Subject() {
    peer.sha256 = "abcd";
    peer.subject = "CN=web,O=example";
    peer.uris = {"spiffe://example.org/web"};
    peer.dns_names = {"web.example", "www.example"};
    peer.pem = "-----BEGIN-----\nA+/=\n";
    peer.chain_pem = "-----BEGIN-----\nA+/=\n-----BEGIN-----\nB\n";
    local.uris = {"spiffe://example.org/proxy"};
    headers_.Add("x-forwarded-client-cert", "from=before");
  }
  std::string Apply(const ClientCertificateOptions& options, bool is_secure = true) {
    net::FakeTransportOptions made;
    if (shows_one) made.info.peer = std::make_shared<const net::CertificateInfo>(peer);
    made.info.local = std::make_shared<const net::CertificateInfo>(local);
    net::FakeTransport transport(std::move(made));
    ForwardClientCertificate(headers_, options, is_secure ? &transport : nullptr);
    const auto value = headers_.GetJoined("x-forwarded-client-cert");
    return value ? std::string(*value) : "none";
  }
  void Add(std::string_view value) { headers_.Add("X-Forwarded-Client-Cert", value); }

  net::CertificateInfo peer, local;
  bool shows_one = true;

 private:
  base::Arena arena_;
  http::HeaderMap headers_{arena_};
};

constexpr std::string_view kOurs = "By=spiffe://example.org/proxy;Hash=abcd";

TEST(ClientCertificate, IsForwardedAsTheModeSays) {
  const std::pair<Forward, std::string> cases[] = {
      {Forward::kSanitize, "none"},
      {Forward::kForwardOnly, "from=before"},
      {Forward::kAppendForward, "from=before," + std::string(kOurs)},
      {Forward::kSanitizeSet, std::string(kOurs)},
      {Forward::kAlwaysForwardOnly, "from=before"},
  };
  for (const auto& [forward, value] : cases) {
    EXPECT_EQ(Subject().Apply({.forward = forward}), value) << static_cast<int>(forward);
  }
}

TEST(ClientCertificate, OfNobodyIsForwardedByOneModeAlone) {
  for (const bool is_secure : {false, true}) {
    for (const Forward forward : {Forward::kSanitize, Forward::kForwardOnly,
                                  Forward::kAppendForward, Forward::kSanitizeSet}) {
      Subject subject;
      subject.shows_one = false;
      subject.Add("URI=spiffe://root");
      EXPECT_EQ(subject.Apply({.forward = forward}, is_secure), "none");
    }
    Subject subject;
    subject.shows_one = false;
    EXPECT_EQ(subject.Apply({.forward = Forward::kAlwaysForwardOnly}, is_secure), "from=before");
  }
}

TEST(ClientCertificate, TellsWhatIsAskedForInEnvoysOrder) {
  EXPECT_EQ(Subject().Apply({.forward = Forward::kSanitizeSet,
                             .certificate = true,
                             .chain = true,
                             .subject = true,
                             .uris = true,
                             .dns_names = true}),
            std::string(kOurs) +
                ";Cert=\"-----BEGIN-----%0AA%2B%2F%3D%0A\""
                ";Chain=\"-----BEGIN-----%0AA%2B%2F%3D%0A-----BEGIN-----%0AB%0A\""
                ";Subject=\"CN=web,O=example\""
                ";URI=spiffe://example.org/web;DNS=web.example;DNS=www.example");
}

TEST(ClientCertificate, TellsThatItNamesNobody) {
  Subject subject;
  subject.peer.subject.clear();
  subject.peer.uris.clear();
  subject.peer.dns_names.clear();
  subject.local.uris.clear();
  EXPECT_EQ(
      subject.Apply(
          {.forward = Forward::kSanitizeSet, .subject = true, .uris = true, .dns_names = true}),
      "Hash=abcd;Subject=\"\";URI=");
}

TEST(ClientCertificate, CannotPassAsAnotherElement) {
  Subject subject;
  subject.peer.subject = "CN=x\\\",URI=spiffe://root\\\\\"\r\nevil: 1\\";
  subject.peer.uris = {"spiffe://a;URI=spiffe://root", "http://a,b"};
  subject.peer.dns_names = {"a\r\nb"};
  EXPECT_EQ(
      subject.Apply(
          {.forward = Forward::kSanitizeSet, .subject = true, .uris = true, .dns_names = true}),
      std::string(kOurs) +
          ";Subject=\"CN=x\\\",URI=spiffe://root\\\\\\\"%0D%0Aevil: 1\\\\\""
          ";URI=\"spiffe://a;URI=spiffe://root\";URI=\"http://a,b\";DNS=\"a%0D%0Ab\"");
}

}  // namespace
}  // namespace outrigger::downstream
