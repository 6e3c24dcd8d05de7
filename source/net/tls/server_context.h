#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/counters.h"
#include "source/net/tls/key_log.h"
#include "source/net/tls/settings.h"
#include "source/net/tls/ticket_keys.h"
#include "source/net/tls/trust.h"
#include "source/net/transport.h"

namespace outrigger::net::tls {

// envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.
struct ServerSettings {
  Parameters parameters;
  std::vector<std::string> application_protocols;  // ALPN, ours first
  // At least one; which one is shown is chosen by SNI, then by what the client can verify: ECDSA
  // before RSA.
  std::vector<std::shared_ptr<const Certificate>> certificates;
  std::shared_ptr<const Trust> trust;  // null: no client certificate is asked for
  bool requires_client_certificate = false;
  bool requires_server_name = false;    // require_sni
  bool scans_all_certificates = false;  // full_scan_certs_on_sni_mismatch
  enum class Ocsp : uint8_t { kLenient, kStrict, kMustStaple } ocsp = Ocsp::kLenient;
  bool allows_tickets = true;        // !disable_stateless_session_resumption
  bool allows_session_cache = true;  // !disable_stateful_session_resumption
  base::Milliseconds session_timeout{7'200'000};
  std::shared_ptr<const TicketKeys> ticket_keys;  // null: random ones of this process
  std::shared_ptr<KeyLog> key_log;                // null: none
  std::shared_ptr<const Counters> counters;       // never null
};

// Immutable, shared by all workers and by all filter chains with equal settings.
class ServerContext {
 public:
  // Errors name the setting: an unknown cipher, a certificate that cannot be used with it.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Make(ServerSettings settings);
  virtual ~ServerContext() = default;
  virtual const ServerSettings& settings() const = 0;
};

// What a filter chain holds: the context of the moment.
// Thread: Set on the main or the compile thread, Make on any worker.
class ServerContexts : public ServerTransports {
 public:
  static std::shared_ptr<ServerContexts> New();
  // New connections use it at once; open ones become outdated if the certificates or the trust
  // differ.
  virtual void Set(std::shared_ptr<const ServerContext> context) = 0;
  // Null before the first Set.
  virtual std::shared_ptr<const ServerContext> Get() const = 0;
};

}  // namespace outrigger::net::tls
