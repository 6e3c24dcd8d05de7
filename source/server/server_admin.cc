#include "source/server/server_admin.h"

#include <utility>

#include "source/server/admin/certificate_page.h"
#include "source/server/admin/cluster_pages.h"
#include "source/server/admin/listener_pages.h"
#include "source/server/admin/stats_pages.h"
#include "source/server/server.h"

namespace outrigger::server {

ServerAdmin::ServerAdmin(Server& server, ServerFacts facts)
    : server_(server),
      facts_(std::move(facts)),
      controls_(MakeControls()),
      config_(MakeConfigSources()),
      home_(MakeHomeSources()) {
  Admin& admin = server_.admin_;
  AddServerPages(admin, controls_, facts_);
  AddConfigPages(admin, config_);
  AddCertificatePage(admin, server_.around_.clock,
                     [&s = server_] { return CertificatesInUse(s.listeners_, s.clusters_); });
  AddHomePage(admin, home_);
  AddClusterPages(admin, server_.clusters_);
  AddStatsPages(admin, server_.around_.stats, [&s = server_] { s.UpdateGauges(); });
  AddListenerPages(admin, server_.listeners_, [&s = server_](const DrainRequest& request) {
    s.DrainListeners(request.which, request.is_graceful, request.keeps_accepting);
  });
}

ServerControls ServerAdmin::MakeControls() {
  return {
      .state = [&s = server_] { return static_cast<ServerState>(s.state()); },
      .uptime = [&s = server_]() -> base::Nanoseconds { return s.around_.loop.Now() - s.start_; },
      .fail_health_check = [&s = server_](bool failed) { s.set_health_failed(failed); },
      .quit = [&s = server_] { s.Quit(); },
      .reopen_logs =
          [&s = server_] {
            s.around_.log_files.Reopen();
            return absl::OkStatus();
          }};
}

ConfigSources ServerAdmin::MakeConfigSources() {
  return {.bootstrap = server_.bootstrap_.proto,
          .loaded_at = server_.around_.clock.WallNow(),
          .clusters = server_.clusters_,
          .listeners = server_.listeners_,
          .xds = [&s = server_]() -> XdsState {
            if (s.ads_ == nullptr) return {};
            return {.connection = s.ads_->status(), .types = s.ads_->Describe()};
          },
          .secrets = [&s = server_] { return s.secret_sources_->Describe(s.ads_.get()); }};
}

HomeSources ServerAdmin::MakeHomeSources() {
  return {.controls = controls_,
          .facts = facts_,
          .config = config_,
          .connections = server_.budget_,
          .clock = server_.around_.clock,
          .waiting = [&s = server_] { return s.live_config_.Waiting(); }};
}

}  // namespace outrigger::server
