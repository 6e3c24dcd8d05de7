#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "envoy/admin/v3/server_info.pb.h"
#include "source/base/clock.h"
#include "source/config/bootstrap.h"
#include "source/config/compile.h"
#include "source/event/loop.h"
#include "source/extensions/access_loggers/log_files.h"
#include "source/net/cares_resolver.h"
#include "source/server/admin/admin.h"
#include "source/server/certificate_watch.h"
#include "source/server/drain.h"
#include "source/server/listener_set.h"
#include "source/server/live_config.h"
#include "source/server/route_set.h"
#include "source/server/secret_set.h"
#include "source/server/secret_sources.h"
#include "source/server/server_admin.h"
#include "source/server/server_counters.h"
#include "source/server/worker.h"
#include "source/upstream/cluster_set.h"
#include "source/xds/compile_thread.h"
#include "source/xds/xds_client.h"

namespace outrigger::server {

// The values of envoy.admin.v3.ServerInfo.State.
enum class State : uint8_t { kLive = 0, kDraining = 1, kPreInitializing = 2, kInitializing = 3 };
std::string_view ToString(State state);

struct ServerOptions {
  uint32_t concurrency = 1;
  base::Milliseconds drain_time{600'000};
  UnknownFields unknown_fields = UnknownFields::kWarn;  // in what the control plane sends
  std::string admin_address_path;  // the admin endpoint's address is written there; may be empty
  bool only_initializes = false;   // Run ends when everything is warm; nothing is accepted
  envoy::admin::v3::CommandLineOptions command_line;  // as /server_info shows it
};

// What outlives the server and is made before it: main() owns these, in this order.
struct ServerSurroundings {
  const base::Clock& clock;
  event::Loop& loop;  // of the main thread
  stats::Store& stats;
  access_loggers::LogFiles& log_files;
  const config::Compiler& compiler;
};

// The process: workers, clusters, listeners, control plane, admin endpoint, and the order in which
// they come and go.
//
//   static clusters warm -> CDS and its clusters -> LDS and its listeners -> LIVE: workers accept
//
// Owner: main().  Thread: the main thread, whose loop Run runs.
class Server final {
 public:
  // Errors: what in the bootstrap does not compile or cannot be had, by its path.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const ServerSurroundings& surroundings,
                                                        const ServerOptions& options,
                                                        config::BootstrapSpec bootstrap);
  ~Server();

  // Serves until SIGTERM, SIGINT or /quitquitquit. The process's exit status.
  int Run();
  // SIGTERM and SIGINT drain, a second one exits at once; SIGUSR1 reopens access logs.
  void OnSignal(int signal);
  // Ends Run at once.
  void Quit();

  State state() const;

 private:
  friend class ServerAdmin;  // whose pages show and do all that a server can

  Server(const ServerSurroundings& surroundings, const ServerOptions& options,
         config::BootstrapSpec bootstrap, std::unique_ptr<net::CaresResolver> resolver);

  absl::Status AddStaticConfig();
  absl::Status StartAdmin();
  void MakeAdsClient();
  void MakeSecretSources();
  std::vector<client::GrpcEndpoint> EndpointsOf(std::string_view cluster,
                                                std::string_view authority) const;
  void OnClusterReady(const std::string& name);
  // Contexts replaced others, or a certificate has expired: connections with old ones end in time.
  void OnRotation();
  // Goes on with the start-up as far as what it waits for has come.
  void Advance();
  void AdvanceSoon();
  void Flush();
  void UpdateGauges();
  void set_health_failed(bool failed);
  // /drain_listeners.
  void DrainListeners(ListenerSet::Which which, bool graceful, bool keeps_accepting);

  const ServerSurroundings around_;
  const ServerOptions options_;
  const config::BootstrapSpec bootstrap_;
  const base::MonoTime start_;
  ServerCounters counters_;
  ConnectionBudget budget_;
  std::unique_ptr<net::CaresResolver> resolver_;
  upstream::WorkerClusters main_clusters_;  // empty: the admin endpoint forwards nothing
  std::vector<std::unique_ptr<Worker>> workers_;
  const StaticClusters static_clusters_;
  std::unique_ptr<SecretSources> secret_sources_;  // null at the end, while uses of secrets end
  SecretSet secrets_;
  RouteSet routes_;
  ListenerSet listeners_;
  upstream::ClusterSet clusters_;
  LiveConfig live_config_;
  xds::CompileThread compile_thread_;
  std::unique_ptr<xds::XdsClient> ads_;  // null: no control plane
  Admin admin_;
  std::unique_ptr<ServerAdmin> pages_;
  Drain drain_;
  CertificateWatch certificates_;
  bool is_rotation_posted_ = false;
  event::Timer flush_timer_;
  std::unique_ptr<event::Timer> stop_accepting_;  // after a graceful /drain_listeners

  // Start-up.
  enum class Phase : uint8_t { kStaticClusters, kClusters, kListeners, kLive };
  Phase phase_ = Phase::kStaticClusters;
  bool has_started_ads_ = false;
  bool has_clusters_ = false;   // CDS answered, or was given up
  bool has_listeners_ = false;  // LDS, likewise
  bool is_health_failed_ = false;
  int exit_status_ = 0;
};

}  // namespace outrigger::server
