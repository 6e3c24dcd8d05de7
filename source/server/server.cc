#include "source/server/server.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <utility>

#include "source/base/log.h"
#include "source/base/text.h"
#include "source/route/domain_table.h"

namespace outrigger::server {
namespace {

std::vector<std::unique_ptr<Worker>> MakeWorkers(uint32_t count, const base::Clock& clock) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(i, clock));
  return workers;
}

std::vector<upstream::WorkerClusters*> ClustersOf(
    const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<upstream::WorkerClusters*> clusters;
  clusters.reserve(workers.size());
  for (const auto& worker : workers) clusters.push_back(&worker->clusters());
  return clusters;
}

}  // namespace

std::string_view ToString(State state) {
  switch (state) {
    case State::kLive:
      return "LIVE";
    case State::kDraining:
      return "DRAINING";
    case State::kPreInitializing:
      return "PRE_INITIALIZING";
    case State::kInitializing:
      return "INITIALIZING";
  }
  return "";
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const ServerSurroundings& surroundings,
                                                       const ServerOptions& options,
                                                       config::BootstrapSpec bootstrap) {
  auto resolver = net::CaresResolver::Create(surroundings.loop, {});
  if (!resolver.ok()) return resolver.status();
  auto server = std::unique_ptr<Server>(
      new Server(surroundings, options, std::move(bootstrap), *std::move(resolver)));
  if (absl::Status status = server->AddStaticConfig(); !status.ok()) return status;
  if (absl::Status status = server->StartAdmin(); !status.ok()) return status;
  return server;
}

Server::Server(const ServerSurroundings& surroundings, const ServerOptions& options,
               config::BootstrapSpec bootstrap, std::unique_ptr<net::CaresResolver> resolver)
    : around_(surroundings),
      options_(options),
      bootstrap_(std::move(bootstrap)),
      start_(surroundings.loop.Now()),
      counters_(ServerCounters::Declare(surroundings.stats)),
      resolver_(std::move(resolver)),
      main_clusters_(surroundings.loop),
      workers_(MakeWorkers(options.concurrency, surroundings.clock)),
      static_clusters_{.all = bootstrap_.clusters,
                       .ads = bootstrap_.ads ? bootstrap_.ads->cluster_name : ""},
      secrets_(
          surroundings.loop, surroundings.stats,
          [this](const net::tls::SecretNeed& need, bool wanted) {
            if (secret_sources_ == nullptr) return;  // the end
            secret_sources_->SetInterest(need, wanted, ads_.get());
          },
          [this](const net::tls::SecretSource& source) {
            return CheckSecretSource(source, static_clusters_);
          }),
      routes_(surroundings.loop, workers_,
              [this](const std::string& name, bool wanted) {
                if (ads_ == nullptr) return;
                // The route set keeps the listener's own initial_fetch_timeout.
                wanted ? ads_->Watch(kRouteType, name, base::Milliseconds(0))
                       : ads_->Unwatch(kRouteType, name);
              }),
      listeners_(surroundings.loop, workers_, routes_, budget_, options.drain_time,
                 surroundings.stats),
      clusters_(surroundings.loop, ClustersOf(workers_), *resolver_, surroundings.stats,
                std::random_device()(),
                [this](const std::string& name, bool wanted, base::Milliseconds fetch_timeout) {
                  if (ads_ == nullptr) return;
                  wanted ? ads_->Watch(kEndpointType, name, fetch_timeout)
                         : ads_->Unwatch(kEndpointType, name);
                }),
      live_config_(surroundings.loop, surroundings.compiler, options.unknown_fields, clusters_,
                   listeners_, routes_),
      compile_thread_(surroundings.loop),
      admin_(surroundings.loop, main_clusters_, surroundings.stats),
      drain_(surroundings.loop, listeners_, budget_, options.drain_time,
             [this](bool is_clean) {
               LOG(kInfo, kMain, is_clean ? "drained, exiting" : "exiting");
               around_.loop.Stop();
             }),
      certificates_(counters_.days_until_first_cert_expiring,
                    {.in_use = [this] { return CertificatesInUse(listeners_, clusters_); },
                     .on_expired = [this] { OnRotation(); }}),
      flush_timer_(surroundings.loop, [this] { Flush(); }) {
  counters_.concurrency.Set(options.concurrency);
  budget_.limit = bootstrap_.global_connection_limit;
  listeners_.set_events(
      {.on_warm = [this] { AdvanceSoon(); }, .on_update = [this] { OnRotation(); }});
  clusters_.set_on_warm([this] { AdvanceSoon(); });
  clusters_.set_on_ready([this](const std::string& name) {
    around_.loop.Post([this, name] { OnClusterReady(name); });
  });
  secrets_.set_on_rotation([this] { OnRotation(); });
  listeners_.set_plan_builder(secrets_);
  clusters_.set_plan_builder(secrets_);
  MakeSecretSources();
  MakeAdsClient();
  ServerFacts facts{.command_line = options_.command_line, .node = bootstrap_.node};
  facts.runtime = bootstrap_.proto.layered_runtime();
  pages_ = std::make_unique<ServerAdmin>(*this, std::move(facts));
}

Server::~Server() {
  for (const auto& worker : workers_) worker->Join();
  secret_sources_.reset();
}

absl::Status Server::AddStaticConfig() {
  if (absl::Status status = CheckSecretCycles(static_clusters_); !status.ok()) return status;
  for (const auto& spec : bootstrap_.clusters) {
    if (absl::Status status = clusters_.Add(spec); !status.ok()) return status;
  }
  for (const auto& spec : bootstrap_.listeners) {
    if (absl::Status status = listeners_.Add(spec, true); !status.ok()) {
      return base::InvalidArgument("listener ", spec->name, ": ", base::StdView(status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status Server::StartAdmin() {
  if (!bootstrap_.admin_address) return absl::OkStatus();
  if (absl::Status status = admin_.Listen(*bootstrap_.admin_address); !status.ok()) {
    return base::InvalidArgument("admin.address: ", base::StdView(status.message()));
  }
  const std::string address = admin_.address()->ToString();
  LOG(kInfo, kAdmin, "admin endpoint on ", address);
  if (options_.admin_address_path.empty()) return absl::OkStatus();
  std::ofstream file(options_.admin_address_path, std::ios::trunc);
  if (!(file << address << std::flush)) {
    return base::InvalidArgument("--admin-address-path: cannot write ",
                                 options_.admin_address_path);
  }
  return absl::OkStatus();
}

void Server::MakeAdsClient() {
  if (!bootstrap_.ads) return;
  const config::AdsSpec& spec = *bootstrap_.ads;
  xds::XdsOptions options;
  options.protocol = spec.is_delta ? xds::Protocol::kDelta : xds::Protocol::kSotw;
  options.node = bootstrap_.node;
  options.sends_node_once = spec.sends_node_once;
  options.stream.authority = spec.authority;
  options.stream.metadata = spec.initial_metadata;
  options.stream.connect_timeout = spec.connect_timeout;
  options.fetch_timeout = spec.fetch_timeout;
  for (const auto& cluster : bootstrap_.clusters) {
    if (cluster->name->text() == spec.cluster_name) options.stream.http2 = cluster->http2;
  }
  options.endpoints = [this, cluster = spec.cluster_name, authority = spec.authority] {
    return EndpointsOf(cluster, authority);
  };
  options.on_first_update = [this](std::string_view type) {
    if (type == kClusterType) has_clusters_ = true;
    if (type == kListenerType) has_listeners_ = true;
    AdvanceSoon();
  };
  std::vector<xds::ResourceType> types = live_config_.Types();
  types.push_back(secret_sources_->AdsType());
  ads_ = std::make_unique<xds::XdsClient>(around_.loop, compile_thread_, std::move(options),
                                          std::move(types), around_.stats);
}

void Server::MakeSecretSources() {
  secret_sources_ = std::make_unique<SecretSources>(
      SecretStreams::Surroundings{
          .loop = around_.loop,
          .compile_thread = compile_thread_,
          .stats = around_.stats,
          .node = bootstrap_.node,
          .cluster = [this](std::string_view name) { return static_clusters_.Find(name); },
          .is_active = [this](std::string_view name) { return clusters_.IsActive(name); },
          .endpoints = [this](std::string_view name,
                              std::string_view authority) { return EndpointsOf(name, authority); }},
      secrets_, live_config_.SecretCompiler());
}

// What a static cluster resolves to now; the control plane's is asked before each connection.
std::vector<client::GrpcEndpoint> Server::EndpointsOf(std::string_view cluster,
                                                      std::string_view authority) const {
  std::vector<client::GrpcEndpoint> endpoints;
  for (const upstream::ClusterSet::Listing& listing : clusters_.Describe()) {
    if (listing.name != cluster || listing.endpoints == nullptr) continue;
    for (const auto& endpoint : listing.endpoints->endpoints) {
      const upstream::TransportChoice& choice =
          upstream::ChooseTransport(*listing.active, *endpoint);
      const net::ClientTransportOptions options =
          upstream::OptionsOf(*listing.active, choice, *endpoint,
                              upstream::UpstreamProtocol::kHttp2, route::WithoutPort(authority));
      for (const net::Address& address : endpoint->addresses) {
        endpoints.push_back({.address = address,
                             .transports = choice.transports,
                             .server_name = std::string(options.server_name),
                             .verified_name = std::string(options.verified_name),
                             .application_protocols = std::string(options.application_protocols)});
      }
    }
  }
  return endpoints;
}

void Server::OnClusterReady(const std::string& name) {
  live_config_.OnClusterReady();
  secret_sources_->OnClusterReady(name);
  // Before the other static clusters are warm: their secrets may come by it.
  if (ads_ == nullptr || has_started_ads_ || name != bootstrap_.ads->cluster_name) return;
  has_started_ads_ = true;
  ads_->Start();
}

// What changes together, such as a certificate that many contexts show, is one rotation.
void Server::OnRotation() {
  if (bootstrap_.rotation_drain.count() == 0 || std::exchange(is_rotation_posted_, true)) return;
  around_.loop.Post([this] {
    is_rotation_posted_ = false;
    for (const auto& worker : workers_) {
      worker->Post([window = bootstrap_.rotation_drain](Worker& w) { w.DrainOutdated(window); });
    }
  });
}

// --- start-up ----------------------------------------------------------------------------------

void Server::AdvanceSoon() {
  around_.loop.Post([this] { Advance(); });
}

void Server::Advance() {
  if (phase_ == Phase::kStaticClusters && clusters_.warming_count() == 0) {
    phase_ = Phase::kClusters;
    has_clusters_ = !bootstrap_.ads || !bootstrap_.ads->asks_for_clusters;
    has_listeners_ = !bootstrap_.ads || !bootstrap_.ads->asks_for_listeners;
    if (!has_clusters_) ads_->Begin(kClusterType);
  }
  if (phase_ == Phase::kClusters && has_clusters_ && clusters_.warming_count() == 0) {
    phase_ = Phase::kListeners;
    if (!has_listeners_) ads_->Begin(kListenerType);
  }
  if (phase_ == Phase::kListeners && has_listeners_ && listeners_.is_warm()) {
    if (options_.only_initializes) {
      LOG(kInfo, kMain, "all dependencies initialized, exiting");
      return Quit();
    }
    phase_ = Phase::kLive;
    listeners_.StartAccepting();
    const auto took = std::chrono::duration_cast<base::Milliseconds>(around_.loop.Now() - start_);
    counters_.initialization_time_ms.Record(static_cast<uint64_t>(took.count()));
    LOG(kInfo, kMain, "all dependencies initialized, starting workers");
  }
  counters_.state.Set(static_cast<uint64_t>(state()));
  counters_.live.Set(state() == State::kLive ? 1 : 0);
}

State Server::state() const {
  if (drain_.has_begun() || is_health_failed_) return State::kDraining;
  switch (phase_) {
    case Phase::kStaticClusters:
    case Phase::kClusters:
      return State::kPreInitializing;
    case Phase::kListeners:
      return State::kInitializing;
    case Phase::kLive:
      return State::kLive;
  }
  return State::kLive;
}

int Server::Run() {
  for (const auto& worker : workers_) worker->Start();
  LOG(kInfo, kMain, "outrigger runs with ", workers_.size(), " workers");
  Flush();
  AdvanceSoon();
  around_.loop.Run();
  for (const auto& worker : workers_) worker->Join();
  return exit_status_;
}

// --- running -----------------------------------------------------------------------------------

void Server::OnSignal(int signal) {
  if (signal == SIGUSR1) {
    LOG(kInfo, kMain, "SIGUSR1: reopening access logs");
    return around_.log_files.Reopen();
  }
  if (signal == SIGHUP) return;  // a terminal that closes does not end a proxy
  if (drain_.has_begun()) {
    LOG(kWarning, kMain, "second signal: exiting now");
    return around_.loop.Stop();
  }
  LOG(kInfo, kMain, "signal ", signal, ": draining for at most ",
      options_.drain_time.count() / 1000, " s");
  drain_.Begin();
  Advance();
}

void Server::Quit() { around_.loop.Stop(); }

void Server::set_health_failed(bool failed) {
  if (is_health_failed_ == failed) return;
  is_health_failed_ = failed;
  around_.compiler.health().is_failed = failed;
  failed ? listeners_.Drain(ListenerSet::Which::kWithDefaultDrain, false)
         : listeners_.StopDraining();
  Advance();
}

void Server::DrainListeners(ListenerSet::Which which, bool graceful, bool keeps_accepting) {
  listeners_.Drain(which, false);
  if (keeps_accepting) return;
  if (!graceful) return listeners_.StopAccepting(which);
  stop_accepting_ = std::make_unique<event::Timer>(
      around_.loop, [this, which] { listeners_.StopAccepting(which); });
  stop_accepting_->Arm(options_.drain_time);
}

void Server::Flush() {
  UpdateGauges();
  around_.stats.FlushHistograms();
  flush_timer_.Arm(bootstrap_.stats_flush_interval);
}

void Server::UpdateGauges() {
  const MemoryUse memory = ReadMemoryUse();
  counters_.memory_allocated.Set(memory.allocated);
  counters_.memory_heap_size.Set(memory.heap);
  counters_.memory_physical_size.Set(memory.resident);
  counters_.uptime.Set(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(around_.loop.Now() - start_).count()));
  counters_.total_connections.Set(
      static_cast<uint64_t>(budget_.used.load(std::memory_order_relaxed)));
  clusters_.UpdateGauges();
  const absl::Time now = around_.clock.WallNow();
  secrets_.UpdateGauges(now);
  certificates_.Look(now);
}

}  // namespace outrigger::server
