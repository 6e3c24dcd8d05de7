#pragma once

#include <optional>

#include "source/base/buffer.h"
#include "source/event/operation.h"
#include "source/event/timer.h"
#include "source/extensions/http_filters/router/failure.h"
#include "source/http/codec.h"
#include "source/route/route.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::router {

class RouterStream;
struct Plan;

// One try of one request: gets a connection, writes to it, hands on what comes back, and watches
// the deadlines of a try. Used again for the next try.
// Owner: the RouterStream, whose OnAttempt... it calls; from inside OnAttemptFailed and
// OnAttemptHead the next try may be started.  Thread: its worker.
// Lifetime: destroying it gives the try up.
class Attempt final : private http::ResponseReceiver {
 public:
  explicit Attempt(RouterStream& stream) : stream_(stream) {}
  ~Attempt() override { GiveUp(); }

  // OnAttemptReady or OnAttemptFailed follows, possibly from inside. `cluster` outlives the try.
  // `end`: the request is a CONNECT that ends here; else null.
  void Start(upstream::WorkerCluster& cluster, const upstream::PickHints& given,
             const route::ConnectEnd* end);

  // A connection is there and the exchange on it goes on.
  bool is_open() const { return writer_ != nullptr; }
  const upstream::Endpoint* endpoint() const { return endpoint_.get(); }
  const upstream::EndpointRef& endpoint_ref() const { return endpoint_; }
  net::Connection* connection() const { return connection_; }  // while is_open()

  // While is_open().
  void WriteHead(const http::RequestHead& head, bool last, const Plan& plan);
  void WriteBody(base::Buffer& piece, bool last);
  void WriteTrailers(const http::HeaderMap& trailers);
  // Holds the response back, or lets it go on; nothing while there is no connection.
  void PauseReading(bool pauses);
  // The response is on its way to the client: the deadline of the try does not matter any more.
  void StopTryTimer() { try_timer_.reset(); }

  // No more is heard of the try.
  void GiveUp();

 private:
  void StartTcp(const upstream::PickHints& hints, const route::ConnectEnd& end);
  void Begin(upstream::StartResult result);
  void NoteSent(bool last);
  void NoteProgress();
  void NoteReceived(bool last);
  void NoteTunnelEnd();
  void OnTryTimeout();
  void OnIdleTimeout();
  // The exchange is over; nothing is to be reset.
  void Close();

  // http::ResponseReceiver
  http::ResponseHead& response_head() override;
  http::HeaderMap& response_trailers() override;
  void OnInformational() override;
  void OnResponseHead(bool last) override;
  void OnResponseBody(base::Buffer& piece, bool last) override;
  void OnResponseTrailers() override;
  void OnResponseError(const http::StreamError& error) override;
  void OnOutputHigh() override;
  void OnOutputLow() override;

  RouterStream& stream_;
  upstream::WorkerCluster* cluster_ = nullptr;
  http::RequestWriter* writer_ = nullptr;
  net::Connection* connection_ = nullptr;
  upstream::EndpointRef endpoint_;
  const Plan* plan_ = nullptr;
  event::Operation starting_;
  std::optional<event::Timer> try_timer_, idle_timer_;
  bool is_reused_ = false;
  bool is_tunnel_ = false;  // each half ends by itself
  bool is_request_over_ = false;
  bool is_response_over_ = false;
  bool is_reading_paused_ = false;
};

}  // namespace outrigger::router
