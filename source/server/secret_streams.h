#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "envoy/config/core/v3/base.pb.h"
#include "source/client/grpc_stream.h"
#include "source/server/secret_intake.h"
#include "source/upstream/cluster_spec.h"
#include "source/xds/compile_thread.h"
#include "source/xds/xds_client.h"

namespace outrigger::server {

// Streams to secret discovery services (SDS): one for each cluster and protocol that secrets come
// from, shared by them. A stream, once it was needed, stays: clusters of the bootstrap bound their
// number.
// Owner: the server.  Thread: main.
class SecretStreams final {
 public:
  struct Surroundings {
    event::Loop& loop;
    xds::CompileThread& compile_thread;
    stats::Store& stats;
    envoy::config::core::v3::Node node;
    // Of a static cluster; null: there is none of that name.
    std::function<std::shared_ptr<const upstream::ClusterSpec>(std::string_view name)> cluster;
    // Whether it serves yet, and from where.
    std::function<bool(std::string_view name)> is_active;
    std::function<std::vector<client::GrpcEndpoint>(std::string_view name,
                                                    std::string_view authority)>
        endpoints;
  };

  SecretStreams(Surroundings surroundings, SecretIntake& intake);
  ~SecretStreams();

  // Of a need whose source is kApi.
  void Watch(const net::tls::SecretNeed& need);
  void Unwatch(const net::tls::SecretNeed& need);
  // A cluster serves: what waited for it begins to connect.
  void OnClusterReady(std::string_view name);

  struct Listing {
    std::string cluster;
    xds::XdsStatus connection;
    std::vector<xds::ResourceDescription> secrets;
  };
  std::vector<Listing> Describe() const;

 private:
  struct Stream {
    std::unique_ptr<xds::XdsClient> client;
    bool has_started = false;
  };
  Stream& Find(const net::tls::SecretSource& source);
  static void Start(Stream& stream);

  const Surroundings around_;
  SecretIntake& intake_;
  std::map<net::tls::SecretSource, Stream> streams_;
};

}  // namespace outrigger::server
