#pragma once

#include <cstdint>
#include <optional>

#include "source/base/free_list.h"
#include "source/event/timer.h"
#include "source/extensions/http_filters/router/attempt.h"
#include "source/extensions/http_filters/router/failure.h"
#include "source/extensions/http_filters/router/options.h"
#include "source/extensions/http_filters/router/plan.h"
#include "source/extensions/http_filters/router/request_body.h"
#include "source/extensions/http_filters/router/retry_state.h"
#include "source/http/filter.h"
#include "source/route/route.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::router {

// Why the client is asked to send its request slower.
enum class RequestHold : uint8_t { kUpstreamFull = 1, kNoConnection = 2, kNoTunnel = 4 };

// What else is known about a failed attempt.
struct AttemptEnd {
  bool was_sent = false;  // it had a connection and wrote to it
  bool is_safe_to_replay = false;
  bool was_reused = false;
};

// Forwards one request by its route: picks the cluster, edits the head, tries endpoints until one
// gives a response or the plan says that it is enough, and hands the response back.
// Owner: the stream's filter chain.  Thread: its worker.
// Lifetime: destroying it gives up what is going on. Ending a response may end the stream, which
// destroys this later, never from inside.
// Limits: of a request's body, at most the route's replay_limit_bytes are kept for another try;
// while there is no connection, the client is held back above that.
class RouterStream final : public http::Terminal, public base::Recycled<RouterStream> {
 public:
  RouterStream(const RouterOptions& options, http::ResponseSink& sink)
      : options_(options), sink_(sink), attempt_(*this) {}

  ~RouterStream() override { attempt_.GiveUp(); }

  // http::Terminal
  void OnRequestHead(http::RequestHead& head, bool last) override;
  void OnRequestBody(base::Buffer& piece, bool last) override;
  void OnRequestTrailers(http::HeaderMap& trailers) override;
  void OnResponseHigh() override;
  void OnResponseLow() override;

 private:
  friend class Attempt;  // its events and its surroundings:
  void OnAttemptReady(const upstream::Attempt& started);
  void OnAttemptFailed(const Failure& failure, const AttemptEnd& end);
  void OnAttemptInformational();
  void OnAttemptHead(bool last);
  void OnAttemptBody(base::Buffer& piece, bool last);
  void OnAttemptTrailers();
  void HoldRequest(RequestHold why);
  void ReleaseRequest(RequestHold why);
  http::ResponseSink& sink() { return sink_; }
  event::Loop& loop() { return sink_.stream().loop(); }
  http::StreamSummary& summary() { return sink_.stream().summary(); }

  enum class Phase : uint8_t {
    kNew,         // no request yet
    kTrying,      // an attempt waits for its connection or for the head of its response
    kBackingOff,  // between two attempts
    kResponding,  // a response is on its way to the client
    kOver,
  };
  // kReplayOnFresh: not on a kept connection, for those may all be closing.
  enum class StartKind : uint8_t { kAttempt, kReplay, kReplayOnFresh };
  // Of an upgrade or CONNECT. kAsked: what the client sends waits for the answer, so that it can
  // still be tried again.
  enum class Tunnel : uint8_t { kNone, kAsked, kOpen, kRefused };

  // Request.
  void Forward(http::RequestHead& head);
  void PrepareHead(http::RequestHead& head);
  void OnRequestComplete();
  void StartAttempt(StartKind kind);
  void WriteDeadlines(http::HeaderMap& headers);
  void KeepOrPass(const base::Buffer& piece);
  void SendHeldBody();
  void AbandonReplay();
  void HoldForTunnel(base::Buffer& piece);
  void SettleTunnel(bool switches);

  // Response.
  void ForwardHead(bool last);
  void CountResponse(int status);
  void CountGrpcResponse(const http::HeaderMap& headers);
  bool MayReplay(const Failure& failure, const AttemptEnd& end);
  bool BackOffIf(RetryVerdict verdict);
  void Fail(const Failure& failure);
  bool HasGrpcDeadlinePassed();
  void Abort(const Failure& failure);
  void ReplyWithEdits(http::LocalReply reply);
  void OnTimeout();
  void OnMaxDuration();
  void Finish();

  const RouterOptions& options_;
  http::ResponseSink& sink_;
  const route::Route* route_ = nullptr;
  const route::ForwardAction* forward_ = nullptr;
  const route::WeightedTarget* weighted_ = nullptr;
  upstream::WorkerClusterRef cluster_;
  Plan plan_;
  std::optional<RetryState> retry_;  // where the plan has retries
  RequestBody body_;
  std::optional<event::Timer> timeout_, max_duration_, back_off_;
  Attempt attempt_;
  Phase phase_ = Phase::kNew;
  Tunnel tunnel_ = Tunnel::kNone;
  uint8_t holds_ = 0;        // RequestHold bits
  uint8_t replays_ = 0;      // so far
  bool keeps_body_ = false;  // of the present attempt: another may need it
  bool is_client_full_ = false;
  bool counts_grpc_status_ = false;  // the response is counted when its grpc-status is known
};

}  // namespace outrigger::router
