#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/buffer.h"
#include "source/net/address.h"
#include "source/net/socket.h"
#include "source/net/transport.h"

namespace outrigger::net {

// What listener filters found out about a connection; most connections have none of it.
struct Arrival {
  Address direct_peer;             // the socket's other side; AF_UNSPEC: the same as the peer
  bool is_local_restored = false;  // `local` is where the client meant to go, not where it came to
  std::string_view transport_protocol;             // "tls", or empty: not known
  std::string server_name;                         // SNI in lower case
  std::vector<std::string> application_protocols;  // ALPN in the client's order, or what HTTP it is
};

// A client's socket on its way from accept to the one who serves it.
// Owner: whoever has it just now.  Thread: one worker.
struct Accepted {
  Accepted() = default;
  Accepted(Socket the_socket, Address the_peer = {})  // NOLINT: a socket is one without more
      : socket(std::move(the_socket)), peer(std::move(the_peer)) {}

  Socket socket;
  Address peer;       // the client, as we believe it
  Address local;      // where it wanted to go; AF_UNSPEC: as the kernel says, not asked yet
  base::Buffer read;  // bytes that were read already and belong to the server
  std::unique_ptr<Arrival> arrival;  // null: nothing was found out
  // Null: plain bytes. Before its handshake `read` is as it came, after it what lay in that.
  std::unique_ptr<Transport> transport;

  Arrival& Found() {
    if (arrival == nullptr) arrival = std::make_unique<Arrival>();
    return *arrival;
  }
  const Address& Local() {
    if (local.family() == AF_UNSPEC) local = LocalAddress(socket.fd());
    return local;
  }
  const Address& DirectPeer() const {
    const bool is_other = arrival != nullptr && arrival->direct_peer.family() != AF_UNSPEC;
    return is_other ? arrival->direct_peer : peer;
  }
};

}  // namespace outrigger::net
