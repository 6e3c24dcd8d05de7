#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/net/tls/client_context.h"
#include "source/net/tls/server_context.h"
#include "source/stats/store.h"

// What tests of TLS are made of: the certificates of certs.recipe, contexts with defaults, and two
// transports with a wire between them.
namespace outrigger::net::tls {

std::string FileText(std::string_view name);  // of certs/

// NAME.pem and NAME.key, with NAME.ocsp where `ocsp` says so.
std::shared_ptr<const Certificate> Cert(std::string_view name, bool ocsp = false);

using ChangeTrust = std::function<void(TrustSettings&)>;
// Believes in NAME.pem.
std::shared_ptr<const Trust> TrustIn(std::string_view name, const ChangeTrust& change = {});
SanRule ExactSan(SanType type, std::string_view text, std::string_view oid = "");

// Statistics of a scope of its own, and who counts in them.
struct Counted {
  stats::Store store;
  std::shared_ptr<const Counters> counters =
      Counters::Declare(store, stats::Scope("listener.x.", "listener."));
  uint64_t operator[](std::string_view name) const;  // below "ssl."
};

// A server "server" that root signed, and a client that believes in root.
ServerSettings PlainServer(const Counted& counted);
ClientSettings PlainClient(const Counted& counted);
std::shared_ptr<ServerContexts> Serving(ServerSettings settings);
std::shared_ptr<ClientContexts> Calling(ClientSettings settings);

// Both ends of one connection.
class Pair {
 public:
  // `cut`: the most bytes that Receive is given at once; 0: as many as there are.
  Pair(const ServerContexts& server, const ClientContexts& client,
       const ClientTransportOptions& options = {}, size_t cut = 0);
  Pair(std::unique_ptr<Transport> server, std::unique_ptr<Transport> client, size_t cut = 0);
  ~Pair();

  // Starts the client and moves bytes until none are left.
  Pair& Shake();
  void Move();
  // Moves at most one Receive's worth of bytes from the one to the other.
  bool MoveOnce(Transport& from, Transport& to, base::Buffer& plain);
  // Bytes that no one sealed.
  Transport::State Give(Transport& to, std::string_view bytes, base::Buffer& plain);

  void Say(Transport& from, std::string_view text);  // seals and moves
  // What was said to it, taken.
  std::string TakeAt(const Transport& at);

  Transport& server() { return *server_; }
  Transport& client() { return *client_; }
  bool is_open() const {
    return server_->state() == Transport::State::kOpen &&
           client_->state() == Transport::State::kOpen;
  }
  // Both transports, for whoever keeps them on.
  std::pair<std::unique_ptr<Transport>, std::unique_ptr<Transport>> Release() {
    return {std::move(server_), std::move(client_)};
  }
  base::Buffer& server_plain() { return server_plain_; }
  base::Buffer& client_plain() { return client_plain_; }

 private:
  std::unique_ptr<Transport> server_;
  std::unique_ptr<Transport> client_;
  base::Buffer server_plain_;
  base::Buffer client_plain_;
  base::Block* block_;
  const size_t cut_;
};

}  // namespace outrigger::net::tls
