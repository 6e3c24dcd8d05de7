#pragma once

#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"
#include "source/base/intrusive_list.h"
#include "source/config/listener_spec.h"
#include "source/downstream/server_connection.h"
#include "source/server/connection_log.h"
#include "source/server/securing_connection.h"
#include "source/tcp/session.h"

namespace outrigger::server {

// Whoever gives connections to a WorkerChain.
class WorkerChainOwner {
 public:
  virtual ~WorkerChainOwner() = default;
  // A connection of one of its chains is over; the count is lower already.
  virtual void OnChainConnectionEnd() = 0;
  virtual const config::ListenerCounters& counters() const = 0;
  virtual const AccessLoggers& access_loggers() const = 0;
  // How many handshakes go on in all of its chains together; they count.
  virtual uint32_t& handshake_count() = 0;
};

// One filter chain of a listener on one worker, with the connections that it took.
// Owner: the WorkerListener.  Thread: its worker.
// Lifetime: longer than its connections, which the loop destroys after they ended.
// Limits: kMostHandshakes of the listener go on at a time, what comes then is closed: clients that
// connect and wait hold little, and not for long.
class WorkerChain final : private downstream::ServerConnectionOwner,
                          private tcp::SessionOwner,
                          private SecuringOwner {
 public:
  static constexpr uint32_t kMostHandshakes = 4096;

  WorkerChain(downstream::HttpWorker& http, tcp::SessionWorker& sessions,
              config::FilterChainPtr spec, std::shared_ptr<const route::RouteTable> routes,
              WorkerChainOwner& owner);
  ~WorkerChain() override;

  const config::FilterChainSpec& spec() const { return *spec_; }
  // Whether connections can stay while the chain becomes `next`: streams that begin after it follow
  // the new configuration.
  bool CanBecome(const config::FilterChainSpec& next) const;
  void Become(config::FilterChainPtr next);
  void SetRoutes(std::shared_ptr<const route::RouteTable> routes);

  void Serve(net::Accepted&& accepted);
  // HTTP connections close after their next response; `closes_idle`: idle ones now. Others go on.
  void Drain(bool closes_idle);
  void StopDraining();
  // Drains HTTP connections with another certificate or trust than new ones, each if `goes()`.
  void DrainOutdated(absl::FunctionRef<bool()> goes);
  void CloseAll();
  size_t connection_count() const { return count_; }

 private:
  void Secure(net::Accepted&& accepted);
  // To whom the chain configures.
  void Begin(net::Accepted&& accepted);
  // Closes a connection that cannot be secured.
  void Refuse(net::Accepted& accepted, stats::Counter counter, std::string_view detail);
  void RemoveSecuring(SecuringConnection& securing);
  // A connection that Serve counted is over.
  void Forget();
  template <typename Served>
  void Log(Served& served);

  void OnSecured(SecuringConnection& securing) override;
  void OnHandshakeFailed(SecuringConnection& securing, bool has_timed_out) override;
  void OnConnectionEnd(downstream::ServerConnection& connection) override;
  void OnSessionEnd(tcp::Session& session) override;

  downstream::HttpWorker& http_;
  tcp::SessionWorker& sessions_worker_;
  config::FilterChainPtr spec_;
  downstream::HttpSlot slot_;
  WorkerChainOwner& owner_;
  base::IntrusiveList<downstream::ServerConnection> connections_;  // owned
  base::IntrusiveList<tcp::Session> sessions_;                     // owned
  base::IntrusiveList<SecuringConnection> securing_;               // owned
  size_t count_ = 0;
  bool is_draining_ = false;
};

}  // namespace outrigger::server
