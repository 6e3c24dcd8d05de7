#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/buffer.h"
#include "source/net/tls_info.h"

namespace outrigger::net {

// What lies between a socket and the one who speaks over it: TLS. A connection without one carries
// plain bytes.
// Owner: its Connection, which moves the bytes.  Thread: one worker.
// Limits: at most one record that is not complete yet, and what wire() holds; an idle transport
// holds no buffer.
class Transport {
 public:
  // Received bytes stand in their block behind so many free ones: what they say in plain is written
  // to the same block from its beginning, and never overtakes what is still to be read (a record
  // that began in an earlier block fits in the difference).
  static constexpr size_t kHeadroom = 17 * 1024;

  enum class State : uint8_t {
    kHandshaking,
    kOpen,
    kEnded,   // the peer said that it sends no more (close_notify); we may
    kFailed,  // for good; failure() says why, and wire() may hold an alert
  };

  virtual ~Transport() = default;

  // The socket stands: a client writes its first message to wire(). Once.
  virtual void Start() = 0;
  // What the peer sent: `size` bytes from block.begin() + kHeadroom on, at most
  // Block::kReadBytes - kHeadroom. Appends what they say to `plain`, as slices of `block`; what has
  // to be answered goes to wire(). May finish the handshake and show the first plain bytes at once.
  virtual State Receive(base::Block& block, size_t size, base::Buffer& plain) = 0;
  // Moves what fits into wire() from the front of `plain`: all of a small buffer, some records of a
  // large one. Only when open or ended.
  virtual void Seal(base::Buffer& plain) = 0;
  // Appends to wire() that we send no more (close_notify). Once, when open or ended, and `plain` is
  // empty.
  virtual void Finish() = 0;
  // What is to be written to the socket next, in this order; the connection takes the sent prefix.
  virtual base::Buffer& wire() = 0;

  // The socket failed or ended, or the handshake took too long; `why` is static. During the
  // handshake: failed with that as failure(). Later, unless the peer had said that it ends: what it
  // sent may be cut off, which is_cut_off() says from now on.
  virtual void NoteSocketEnd(std::string_view why) = 0;

  virtual State state() const = 0;
  // Of kFailed: for people and for %DOWNSTREAM_TRANSPORT_FAILURE_REASON%: which check failed, and
  // which certificate. Otherwise empty.
  virtual std::string_view failure() const = 0;
  virtual bool is_cut_off() const = 0;
  // What ALPN agreed on; empty: nothing. From the end of the handshake on.
  virtual std::string_view application_protocol() const = 0;
  // What was agreed and who the peer is; made when it is first asked for. From the end of the
  // handshake on, never null then. Kept by who needs it after the connection.
  virtual const std::shared_ptr<const TlsInfo>& info() = 0;
  // Whether the configuration that this connection was made with has another certificate or other
  // trust by now, or our own certificate has expired.
  virtual bool is_outdated() const = 0;
};

// Makes the transport of each connection that a filter chain accepts.
// Owner: the chain's spec, shared.  Thread: any.
class ServerTransports {
 public:
  virtual ~ServerTransports() = default;
  // Null: its secrets have not come yet; the connection is closed.
  virtual std::unique_ptr<Transport> Make() const = 0;
  // Whether `transport`, which it or another of its kind made, has the certificates and the trust
  // of those that it makes now; true too while it makes none.
  virtual bool Matches(const Transport& transport) const = 0;
};

// What one connection to an endpoint asks for beyond its cluster's configuration. Empty: as
// configured.
struct ClientTransportOptions {
  std::string_view server_name;            // SNI: auto_sni
  std::string_view verified_name;          // auto_san_validation: a DNS name, or an address
  std::string_view application_protocols;  // ALPN, comma separated
};

// Makes the transport of each connection to an endpoint.
// Owner: the cluster's spec, shared.  Thread: any.
class ClientTransports {
 public:
  virtual ~ClientTransports() = default;
  // Null: its secrets have not come yet; connecting fails. The options are borrowed for the call.
  virtual std::unique_ptr<Transport> Make(const ClientTransportOptions& options) const = 0;
};

}  // namespace outrigger::net
