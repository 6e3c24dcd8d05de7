// Permissions and principals that tell who the client is.
#include <memory>
#include <utility>

#include "test/extensions/http_filters/rbac/rbac_chain.h"
#include "test/net/fake_transport.h"

namespace outrigger::rbac {
namespace {

// A client on TLS, by the names in its certificate.
net::FakeTransport Shows(net::CertificateInfo certificate, bool is_verified = true) {
  net::FakeTransportOptions options;
  options.info.server_name = "www.example";
  options.info.is_peer_verified = is_verified;
  options.info.peer = std::make_shared<const net::CertificateInfo>(std::move(certificate));
  return net::FakeTransport(std::move(options));
}

int StatusFor(std::string_view principal, net::Transport* transport) {
  RbacChain chain = RbacChain::AllowingOnly(principal);
  chain->transport = transport;
  return chain.Status("GET /");
}

TEST(RbacPrincipal, AuthenticatedTakesAnyNameOfTheCertificate) {
  auto web = Shows({.subject = "CN=web",
                    .uris = {"spiffe://example.org/ns/a/sa/web", "spiffe://example.org/two"},
                    .dns_names = {"web.example"}});
  const std::pair<const char*, int> cases[] = {
      {"{authenticated: {}}", 200},
      {"{authenticated: {principal_name: {exact: spiffe://example.org/two}}}", 200},
      {"{authenticated: {principal_name: {exact: web.example}}}", 200},
      {"{authenticated: {principal_name: {exact: CN=web}}}", 200},
      {"{authenticated: {principal_name: {prefix: 'spiffe://example.org/'}}}", 200},
      {"{authenticated: {principal_name: {suffix: /sa/web}}}", 200},
      {"{authenticated: {principal_name: {safe_regex: {regex: '.*/ns/a/.*'}}}}", 200},
      {"{authenticated: {principal_name: {exact: spiffe://example.org/ns/a/sa/we}}}", 403},
      {"{authenticated: {principal_name: {prefix: 'spiffe://other.org/'}}}", 403},
      {"{not_id: {authenticated: {}}}", 403},
  };
  for (const auto& [principal, status] : cases) {
    EXPECT_EQ(StatusFor(principal, &web), status) << principal;
  }
}

TEST(RbacPrincipal, AuthenticatedIsNobodyWhoHasProvenNothing) {
  auto unproven = Shows({.subject = "CN=web"}, /*is_verified=*/false);
  net::FakeTransport without_certificate({});
  for (net::Transport* transport :
       {static_cast<net::Transport*>(&unproven), static_cast<net::Transport*>(&without_certificate),
        static_cast<net::Transport*>(nullptr)}) {
    EXPECT_EQ(StatusFor("{authenticated: {}}", transport), 403);
    EXPECT_EQ(
        StatusFor("{authenticated: {principal_name: {safe_regex: {regex: '.*'}}}}", transport),
        403);
    EXPECT_EQ(StatusFor("{not_id: {authenticated: {}}}", transport), 200);
  }
}

TEST(RbacPermission, RequestedServerNameIsTheSniOfTheClient) {
  RbacChain chain = RbacChain::Allowing("{requested_server_name: {suffix: .example}}");
  EXPECT_EQ(chain.Status("GET /"), 403);
  auto web = Shows({});
  chain->transport = &web;
  EXPECT_EQ(chain.Status("GET /"), 200);
}

}  // namespace
}  // namespace outrigger::rbac
