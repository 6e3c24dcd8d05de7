#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/http/codec.h"
#include "source/upstream/tcp_connection.h"

namespace outrigger::upstream {

// An exchange whose endpoint speaks no HTTP: a CONNECT that ends here. The request's body is what
// the endpoint is sent, the response is 200 and then what the endpoint sends. Each half ends by
// itself; a request that is reset resets the connection.
// Owner: the WorkerCluster, which it keeps alive.  Thread: one worker.
// Lifetime: until both halves are over and the endpoint has what it was sent.
// Limits: TcpConnection's; an endpoint that takes nothing of the rest has 1 s.
class TcpExchange final : public event::Deletable,
                          public base::ListLink<TcpExchange>,
                          private http::RequestWriter,
                          private TcpEvents,
                          private event::Deferred {
 public:
  using Done = absl::AnyInvocable<void(StartResult)>;
  TcpExchange(event::Loop& loop, WorkerCluster& cluster, http::ResponseReceiver& receiver,
              Done done);

  // Once, as WorkerCluster::Start.
  event::Operation Start(const TcpSource& source);
  // Drops what is still being sent when both halves are over; else does nothing.
  void DropRest() {
    if (phase_ == Phase::kFlushing) End();
  }

 private:
  enum class Phase : uint8_t {
    kConnecting,
    kConnected,  // no request head yet; the endpoint is not read
    kAnswering,  // 200 is due; the same
    kOpen,
    kFlushing,  // both halves are over
    kGone,
  };

  void Answer();
  void Fail(const StartFailure& failure);
  void FlushIfOver();
  void Cancel() { End(); }
  void End();
  net::Connection& connection() { return *tcp_.connection(); }  // from kConnected on

  // http::RequestWriter
  void WriteHead(const http::RequestHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const http::HeaderMap& trailers) override;
  void Reset() override;
  void PauseReading() override { connection().PauseReading(); }
  void ResumeReading() override { connection().ResumeReading(); }
  // TcpEvents
  void OnUpstreamConnected() override;
  void OnUpstreamFailed(const StartFailure& failure) override { Fail(failure); }
  void OnUpstreamData(base::Buffer& in, bool end) override;
  void OnUpstreamOutputHigh() override;
  void OnUpstreamOutputLow() override;
  void OnUpstreamClosed(net::CloseCause cause) override;
  void RunDeferred() override;

  event::Loop& loop_;
  WorkerCluster& cluster_;            // owns us; tcp_ keeps it
  http::ResponseReceiver* receiver_;  // null from kFlushing on
  Done done_;
  // What the Operation of Start holds: ourselves while it may cancel.
  std::shared_ptr<TcpExchange*> cancellable_;
  std::optional<StartFailure> failure_;  // known at once, told from the loop
  TcpConnection tcp_;
  Phase phase_ = Phase::kConnecting;
  bool is_request_over_ = false;
  bool is_response_over_ = false;
};

}  // namespace outrigger::upstream
