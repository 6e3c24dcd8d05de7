#include "source/control/secret_service.h"

#include "source/control/ads_stream.h"

namespace outrigger::control {

namespace discovery = envoy::service::discovery::v3;

grpc::ServerBidiReactor<discovery::DiscoveryRequest, discovery::DiscoveryResponse>*
SecretService::StreamSecrets(grpc::CallbackServerContext* context) {
  return AdsStream<Sotw>::Open(streams_, log_, context->peer());
}

grpc::ServerBidiReactor<discovery::DeltaDiscoveryRequest, discovery::DeltaDiscoveryResponse>*
SecretService::DeltaSecrets(grpc::CallbackServerContext* context) {
  return AdsStream<Delta>::Open(streams_, log_, context->peer());
}

}  // namespace outrigger::control
