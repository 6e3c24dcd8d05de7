#pragma once

#include <optional>

#include "source/base/free_list.h"
#include "source/base/intrusive_list.h"
#include "source/downstream/http_options.h"
#include "source/downstream/http_worker.h"
#include "source/http/codec.h"
#include "source/http/filter_chain.h"
#include "source/http/stream_summary.h"

namespace outrigger::downstream {

class ServerConnection;

// One request and its response: between the codec of the client's connection and a filter chain.
// Owner: its ServerConnection.  Thread: its worker.
// Lifetime: from the codec's NewStream until the response was written, both halves of a tunnel were
// over, the client went, or a deadline passed; then it is logged and counted once, and retires by
// DeleteLater.
// Memory: one block from a free list of the thread holds the stream and the first arena chunk.
class ServerStream final : public event::Deletable,
                           public base::ListLink<>,
                           public base::Recycled<ServerStream>,
                           public http::RequestReceiver,
                           private http::ChainOwner,
                           private http::StreamView {
 public:
  ServerStream(ServerConnection& connection, http::ResponseWriter& writer);
  ~ServerStream() override;

  // http::RequestReceiver
  http::RequestHead& request_head() override { return request_; }
  http::HeaderMap& request_trailers() override { return request_trailers_; }
  void OnRequestHead(bool last) override;
  void OnRequestBody(base::Buffer& piece, bool last) override;
  void OnRequestTrailers() override;
  void OnRequestError(const http::StreamError& error) override;
  void OnOutputHigh() override { chain_.OnClientHigh(); }
  void OnOutputLow() override { chain_.OnClientLow(); }

  // Acts on the deadlines that have passed; returns the next one (max: none).
  base::MonoTime CheckDeadlines(base::MonoTime now);
  // Ends the stream because its connection ended.
  void CutOff(http::ResponseFlag flag, std::string_view detail);

 private:
  enum class Phase : uint8_t { kWaiting, kResponseHead, kResponseBody, kEnded };

  bool PrepareRequest(bool last);
  void FindRoute();
  std::optional<http::LocalReply> CheckTls();
  std::optional<http::LocalReply> CheckUpgrade();
  void BeginTunnel();
  void StartChain(bool last);
  void NoteActivity();
  void RequestEnded();
  void Refuse(http::LocalReply reply);
  void TimeOut(stats::Counter counter, http::ResponseFlag flag, std::string_view detail,
               std::string_view body);
  void ResetToClient(const http::StreamError& error);
  void End();
  void Log();

  // http::ChainOwner
  http::StreamView& view() override { return *this; }
  const http::RouteFilterConfig* route_config(std::string_view filter_name) override;
  http::ResponseHead& response_head() override { return response_; }
  http::HeaderMap& response_trailers() override { return response_trailers_; }
  void SendInformational() override;
  void SendHead(bool last) override;
  void SendBody(base::Buffer& piece, bool last) override;
  void SendTrailers() override;
  void Abort(const http::StreamError& error) override;
  base::Buffer MakeReply(http::LocalReply& reply, http::ReplyReader reader) override;
  bool is_response_started() const override { return phase_ != Phase::kWaiting; }
  void PauseRequest() override;
  void ResumeRequest() override;

  // http::StreamView
  event::Loop& loop() override;
  base::Arena& arena() override { return arena_; }
  http::RequestHead& request() override { return request_; }
  http::StreamSummary& summary() override { return summary_; }
  const route::Route* route() override;
  const route::WeightedTarget* weighted_target() override;
  void ClearRoute() override;
  upstream::WorkerClusters& clusters() override;
  uint64_t random() override;

  // Whether the client still owes a part of its request; what asks for a tunnel is all there.
  bool awaits_client() const { return !is_request_complete_ && !request_.asks_for_tunnel(); }

  static constexpr size_t kFirstChunkBytes = 3072;

  ServerConnection& connection_;
  http::ResponseWriter* writer_;  // null once the codec is done with us
  base::Arena arena_;
  const base::LocalPtr<HttpOptions> options_;
  const base::LocalPtr<route::RouteTable> table_;
  const route::Route* route_ = nullptr;
  const route::WeightedTarget* target_ = nullptr;  // of `route_`
  http::RequestHead request_;
  http::HeaderMap request_trailers_;
  http::ResponseHead response_;
  http::HeaderMap response_trailers_;
  http::StreamSummary summary_;
  http::FilterChain chain_;
  net::Address remote_;
  uint64_t random_ = 0;
  base::MonoTime last_activity_;
  std::optional<base::Milliseconds> idle_timeout_;
  Phase phase_ = Phase::kWaiting;
  bool is_route_known_ = false;
  bool is_request_complete_ = false;
  bool has_chain_ = false;
  bool may_switch_ = false;  // the upgrade or CONNECT that the request asks for is allowed
  bool is_tunnel_ = false;   // the response has switched the protocol
  bool is_tunnel_output_over_ = false;
  bool came_as_grpc_ = false;  // what filters make of the request aside
  alignas(16) char first_chunk_[kFirstChunkBytes];
};

}  // namespace outrigger::downstream
