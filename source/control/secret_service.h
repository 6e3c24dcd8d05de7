#pragma once

#include "envoy/service/secret/v3/sds.grpc.pb.h"
#include "source/control/event_log.h"
#include "source/control/stream_set.h"

namespace outrigger::control {

// The secret discovery service, in both variants: the same resources as over ADS, for proxies that
// take their secrets over a stream of its own.
// Owner: ControlServer.  Thread: gRPC's.
class SecretService final
    : public envoy::service::secret::v3::SecretDiscoveryService::CallbackService {
 public:
  // `streams` is that of ADS: what is published goes to all.
  SecretService(StreamSet& streams, EventLog& log) : streams_(streams), log_(log) {}

  grpc::ServerBidiReactor<envoy::service::discovery::v3::DiscoveryRequest,
                          envoy::service::discovery::v3::DiscoveryResponse>*
  StreamSecrets(grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<envoy::service::discovery::v3::DeltaDiscoveryRequest,
                          envoy::service::discovery::v3::DeltaDiscoveryResponse>*
  DeltaSecrets(grpc::CallbackServerContext* context) override;

 private:
  StreamSet& streams_;
  EventLog& log_;
};

}  // namespace outrigger::control
