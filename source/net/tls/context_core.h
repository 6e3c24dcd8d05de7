#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "source/net/tls/certificate_choice.h"
#include "source/net/tls/client_sessions.h"
#include "source/net/tls/declared_counters.h"
#include "source/net/tls/key_log.h"
#include "source/net/tls/loaded_certificate.h"
#include "source/net/tls/loaded_trust.h"
#include "source/net/tls/ticket_sealing.h"

namespace outrigger::net::tls {

// What all transports of one context share. Immutable but for what says otherwise.
// Owner: the context; transports keep that alive.  Thread: any.
struct ContextCore {
  PeerRole peer;  // kClient: we are the server
  std::shared_ptr<const LoadedTrust> trust;
  std::shared_ptr<const Counters> counters;
  std::shared_ptr<KeyLog> key_log;
  // What is shown where there is no choice; null: nothing.
  std::shared_ptr<const LoadedCertificate> certificate;
  std::unique_ptr<const CertificateChoice> choice;     // server
  std::shared_ptr<const GivenTicketKeys> ticket_keys;  // server; null: the process's
  std::unique_ptr<const ClientSessions> sessions;      // client
  bool requires_server_name = false;                   // server
  bool enforces_rsa_key_usage = true;                  // client
  std::string protocols;                               // ALPN's wire form, ours first
  // What makes a connection outdated when it changes: the certificates and the trust.
  uint64_t identity = 0;
  bssl::UniquePtr<SSL_CTX> context;

  bool is_server() const { return peer == PeerRole::kClient; }
  const DeclaredCounters& count() const { return DeclaredCounters::Of(*counters); }
};

// What servers and clients have in common: method, buffers, callbacks, parameters. `verify_mode`:
// SSL_VERIFY_... The core must not move afterwards.
absl::Status StartContext(const Parameters& parameters, int verify_mode, ContextCore& core);

// `certificate` on a context or, as `Ssl`, on one connection.
inline int ShowCertificate(SSL_CTX* context, const LoadedCertificate& certificate) {
  return SSL_CTX_set_chain_and_key(context, certificate.chain().data(), certificate.chain().size(),
                                   certificate.key(), nullptr);
}
inline int ShowCertificate(SSL* ssl, const LoadedCertificate& certificate) {
  return SSL_set_chain_and_key(ssl, certificate.chain().data(), certificate.chain().size(),
                               certificate.key(), nullptr);
}

}  // namespace outrigger::net::tls
