#pragma once

#include <utility>

#include "envoy/service/discovery/v3/ads.grpc.pb.h"
#include "source/control/event_log.h"
#include "source/control/stream_set.h"

namespace outrigger::control {

// The aggregated discovery service, in both variants.
// Owner: ControlServer.  Thread: gRPC's; Publish and EndStreams from any.
class AdsService final
    : public envoy::service::discovery::v3::AggregatedDiscoveryService::CallbackService {
 public:
  explicit AdsService(EventLog& log) : log_(log) {}

  // Serves `snapshot` from now on: each stream is sent what is new to it.
  void Publish(SnapshotPtr snapshot) { streams_.Publish(std::move(snapshot)); }
  void EndStreams() { streams_.EndAll(); }
  // For services of single types, whose streams are fed and ended with ours.
  StreamSet& streams() { return streams_; }

  grpc::ServerBidiReactor<envoy::service::discovery::v3::DiscoveryRequest,
                          envoy::service::discovery::v3::DiscoveryResponse>*
  StreamAggregatedResources(grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<envoy::service::discovery::v3::DeltaDiscoveryRequest,
                          envoy::service::discovery::v3::DeltaDiscoveryResponse>*
  DeltaAggregatedResources(grpc::CallbackServerContext* context) override;

 private:
  EventLog& log_;
  StreamSet streams_;
};

}  // namespace outrigger::control
