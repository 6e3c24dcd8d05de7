#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/counters.h"
#include "source/net/tls/key_log.h"
#include "source/net/tls/settings.h"
#include "source/net/tls/trust.h"
#include "source/net/transport.h"

namespace outrigger::net::tls {

// envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext.
struct ClientSettings {
  Parameters parameters;
  std::vector<std::string> application_protocols;
  std::shared_ptr<const Certificate> certificate;  // null: none is shown
  std::shared_ptr<const Trust> trust;              // null: whoever answers is believed
  std::string server_name;                         // SNI; empty: none
  uint32_t max_session_keys = 1;                   // sessions kept for resumption; 0: none
  bool enforces_rsa_key_usage = true;
  std::shared_ptr<KeyLog> key_log;
  std::shared_ptr<const Counters> counters;  // never null
};

// Immutable but for its cache of sessions, which a mutex guards; shared by all workers and by all
// clusters with equal settings.
class ClientContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Make(ClientSettings settings);
  virtual ~ClientContext() = default;
  virtual const ClientSettings& settings() const = 0;
};

// What a cluster holds: the context of the moment. As ServerContexts.
class ClientContexts : public ClientTransports {
 public:
  static std::shared_ptr<ClientContexts> New();
  virtual void Set(std::shared_ptr<const ClientContext> context) = 0;
  virtual std::shared_ptr<const ClientContext> Get() const = 0;
};

}  // namespace outrigger::net::tls
