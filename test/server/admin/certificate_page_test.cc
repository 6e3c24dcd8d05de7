#include "source/server/admin/certificate_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "source/net/tls/client_context.h"
#include "source/net/tls/server_context.h"
#include "test/server/admin/admin_world.h"
#include "test/server/plans.h"

namespace outrigger::server {
namespace {

using net::CertificateInfo;
using Json = nlohmann::json;

// Contexts with settings, and without TLS.
class ServerSide final : public net::tls::ServerContexts, public net::tls::ServerContext {
 public:
  explicit ServerSide(net::tls::ServerSettings settings) : settings_(std::move(settings)) {}
  void Set(std::shared_ptr<const ServerContext>) override {}
  std::shared_ptr<const ServerContext> Get() const override {
    return {std::shared_ptr<void>(), this};
  }
  std::unique_ptr<net::Transport> Make() const override { return nullptr; }
  bool Matches(const net::Transport&) const override { return true; }
  const net::tls::ServerSettings& settings() const override { return settings_; }

 private:
  net::tls::ServerSettings settings_;
};
class ClientSide final : public net::tls::ClientContexts, public net::tls::ClientContext {
 public:
  explicit ClientSide(net::tls::ClientSettings settings) : settings_(std::move(settings)) {}
  void Set(std::shared_ptr<const ClientContext>) override {}
  std::shared_ptr<const ClientContext> Get() const override {
    return {std::shared_ptr<void>(), this};
  }
  std::unique_ptr<net::Transport> Make(const net::ClientTransportOptions&) const override {
    return nullptr;
  }
  const net::tls::ClientSettings& settings() const override { return settings_; }

 private:
  net::tls::ClientSettings settings_;
};
class Authority final : public net::tls::Trust {
 public:
  explicit Authority(CertificateInfo info)
      : info_(std::make_shared<const CertificateInfo>(std::move(info))) {}
  std::vector<std::shared_ptr<const CertificateInfo>> Authorities() const override {
    return {info_};
  }
  uint64_t fingerprint() const override { return 1; }

 private:
  const std::shared_ptr<const CertificateInfo> info_;
};

class CertificatesWorld : public AdminWorld {
 public:
  CertificatesWorld() {
    AddCertificatePage(admin, world.turns.clock,
                       [this] { return CertificatesInUse(listeners, world.set); });
  }
  absl::Time In(int hours) const { return world.turns.clock.WallNow() + absl::Hours(hours); }
  void Listen(std::string_view name, std::shared_ptr<const net::ServerTransports> transports) {
    auto spec = std::make_shared<config::ListenerSpec>();
    spec->name = std::string(name);
    spec->addresses = {*net::Address::Ip("127.0.0.1", 0)};
    config::FilterChainSpec chain;
    chain.http = std::make_shared<downstream::HttpOptions>();
    chain.transports = std::move(transports);
    config::SetOnlyChain(*spec, std::move(chain));
    CHECK(listeners.Add(spec, /*is_static=*/false).ok());
  }
  Json Certificates() const { return Json::parse(Get("/certs").body)["certificates"]; }
};

TEST(CertificatePage, ShowsWhatListenersShowAndTrust) {
  CertificatesWorld world;
  net::tls::ServerSettings settings;
  settings.certificates = {
      std::make_shared<test::NamedCertificate>(CertificateInfo{.serial = "0abc",
                                                               .uris = {"spiffe://example.org/web"},
                                                               .dns_names = {"web.example.org"},
                                                               .ip_addresses = {"10.0.0.1"},
                                                               .valid_from = world.In(-24),
                                                               .valid_to = world.In(49)})};
  settings.trust =
      std::make_shared<Authority>(CertificateInfo{.serial = "ca", .valid_to = world.In(-1)});
  const auto contexts = std::make_shared<ServerSide>(settings);
  world.Listen("a", contexts);
  world.Listen("b", contexts);
  const Json certificates = world.Certificates();
  ASSERT_EQ(certificates.size(), 1u) << "equal ones once";
  const Json& shown = certificates[0]["cert_chain"][0];
  EXPECT_EQ(shown["serial_number"], "0abc");
  EXPECT_EQ(shown["days_until_expiration"], "2");
  EXPECT_EQ(shown["subject_alt_names"],
            Json::parse(R"([{"dns": "web.example.org"}, {"uri": "spiffe://example.org/web"},
                            {"ip_address": "10.0.0.1"}])"));
  EXPECT_EQ(shown["expiration_time"], "2023-11-16T23:13:20Z");
  EXPECT_EQ(certificates[0]["ca_cert"][0]["serial_number"], "ca");
  EXPECT_EQ(FirstExpiry(CertificatesInUse(world.listeners, world.world.set)), world.In(-1));
}

TEST(CertificatePage, ShowsWhatClustersShowAndTrust) {
  CertificatesWorld world;
  net::tls::ClientSettings settings;
  settings.certificate = std::make_shared<test::NamedCertificate>("web", world.In(1));
  world.world.AddCluster({}, [&](upstream::ClusterSpec& spec) {
    spec.transport_socket_matches.resize(1);
    spec.transport_socket_matches[0].transports = std::make_shared<ClientSide>(settings);
  });
  ASSERT_EQ(world.Certificates().size(), 1u);
  EXPECT_EQ(world.Certificates()[0]["cert_chain"][0]["days_until_expiration"], "0");
}

TEST(CertificatePage, IsEmptyWithoutTls) {
  CertificatesWorld world;
  world.Listen("a", nullptr);
  world.world.AddCluster({});
  EXPECT_EQ(Json::parse(world.Get("/certs").body)["certificates"], Json::array());
  EXPECT_EQ(FirstExpiry(CertificatesInUse(world.listeners, world.world.set)), std::nullopt);
}

}  // namespace
}  // namespace outrigger::server
