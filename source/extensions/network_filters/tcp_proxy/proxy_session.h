#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/event/timer.h"
#include "source/extensions/network_filters/tcp_proxy/endpoint_side.h"
#include "source/extensions/network_filters/tcp_proxy/options.h"
#include "source/http/stream_summary.h"
#include "source/net/connection.h"
#include "source/tcp/session.h"

namespace outrigger::tcp_proxy {

// One client connection and its connection or tunnel to an endpoint. Slices that were read from one
// socket are what the other sends: nothing is copied. Whoever cannot send stops the other from
// reading. Half-close passes through; the session ends when both connections have. Owner: as a
// tcp::Session.  Thread: its worker.
class ProxySession final : public tcp::Session,
                           private net::ConnectionEvents,
                           private upstream::TcpEvents,
                           private event::Deferred {
 public:
  static std::unique_ptr<tcp::Session> Begin(tcp::SessionWorker& worker, net::Accepted connection,
                                             const tcp::SessionLimits& limits,
                                             tcp::SessionOwner& owner,
                                             std::shared_ptr<const Options> options);
  ~ProxySession() override;

  void Close() override;
  void Describe(http::StreamSummary& summary) override;

 private:
  enum class Phase : uint8_t {
    kConnecting,  // the client is not read
    kRunning,
    kFlushingUpstream,  // the client is gone, the endpoint gets the rest
    kFlushingClient,    // the other way round
    kEnded,
  };

  ProxySession(tcp::SessionWorker& worker, net::Accepted connection,
               const tcp::SessionLimits& limits, tcp::SessionOwner& owner,
               std::shared_ptr<const Options> options);

  void Start();
  void Connect();
  std::unique_ptr<EndpointSide> MakeSide();
  void Refuse(http::ResponseFlag flag, std::string_view detail);
  void OnAttemptFailed(const upstream::StartFailure& failure);
  void NoteProgress() { last_progress_ = worker_.loop.Now(); }
  void ArmTimer();
  void OnTimer();
  uint64_t BytesMoved();
  void EndBy(http::ResponseFlag flag, std::string_view detail);
  void End();
  void DescribeClient();
  // What is known only at the end.
  void Complete();
  void Log();

  // The client's.
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override;
  void OnOutputLow() override;
  void OnClosed(net::CloseCause cause) override;
  // The endpoint's.
  void OnUpstreamConnected() override;
  void OnUpstreamFailed(const upstream::StartFailure& failure) override;
  void OnUpstreamData(base::Buffer& in, bool end) override;
  void OnUpstreamOutputHigh() override;
  void OnUpstreamOutputLow() override;
  void OnUpstreamClosed(net::CloseCause cause) override;
  // A refusal that was known at once is told from the loop.
  void RunDeferred() override { End(); }

  tcp::SessionWorker& worker_;
  tcp::SessionOwner& owner_;
  const std::shared_ptr<const Options> options_;
  const std::unique_ptr<net::Arrival> arrival_;
  net::Connection client_;
  upstream::WorkerClusterRef cluster_;
  std::unique_ptr<EndpointSide> upstream_;
  std::vector<upstream::EndpointRef> tried_;
  event::Timer timer_;
  base::MonoTime last_progress_;
  uint64_t bytes_moved_ = 0;  // when the timer last looked
  uint32_t attempts_ = 0;
  Phase phase_ = Phase::kConnecting;
  std::string transport_failure_;  // of the endpoint's connection, for the log
  http::StreamSummary summary_;
};

}  // namespace outrigger::tcp_proxy
