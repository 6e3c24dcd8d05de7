#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/base/arena.h"
#include "source/event/operation.h"
#include "source/extensions/network_filters/tcp_proxy/endpoint_side.h"
#include "source/extensions/network_filters/tcp_proxy/options.h"
#include "source/http/codec.h"
#include "source/http/stream_summary.h"

namespace outrigger::tcp_proxy {

// The endpoint is an HTTP proxy, and gets the bytes in a CONNECT stream of HTTP/1 or HTTP/2, as its
// cluster says. It is connected when the answer is 2xx; any other answer is a failure to connect,
// kConnectFailed with tunnel_refused. A connection of the pool that died before it answered, and a
// stream that an HTTP/2 server did not look at, are tried again on another at once, three times.
class TunnelSide final : public EndpointSide,
                         private http::ResponseReceiver,
                         private event::Deferred {
 public:
  // `client` fills the operators of headers_to_add.
  TunnelSide(event::Loop& loop, upstream::WorkerClusterRef cluster, const TunnelOptions& options,
             const http::StreamSummary& client, upstream::TcpEvents& events);
  ~TunnelSide() override { Close(net::CloseMode::kNow); }

  // EndpointSide
  std::optional<upstream::StartFailure> Connect(const upstream::TcpSource& source) override;
  const upstream::EndpointRef& endpoint() const override { return endpoint_; }
  net::Connection& connection() override { return *connection_; }
  void Send(base::Buffer& piece, bool last) override;
  void PauseReading() override;
  void ResumeReading() override;
  void Close(net::CloseMode mode) override;
  uint64_t bytes_moved() override { return bytes_moved_; }

 private:
  enum class Phase : uint8_t {
    kStarting,
    kAsked,  // CONNECT was sent
    kOpen,
    kClosing,  // OnUpstreamClosed(cause_) is deferred
    kGone,
  };

  void OnStarted(upstream::StartResult result);
  void Ask(upstream::Attempt started);
  void AskAgain(bool needs_fresh_connection);
  void Fail(std::string_view detail);
  void CloseIfOver();
  void CloseSoon(net::CloseCause cause);

  // http::ResponseReceiver
  http::ResponseHead& response_head() override { return response_; }
  http::HeaderMap& response_trailers() override { return trailers_; }
  void OnInformational() override {}
  void OnResponseHead(bool last) override;
  void OnResponseBody(base::Buffer& piece, bool last) override;
  void OnResponseTrailers() override;
  void OnResponseError(const http::StreamError& error) override;
  void OnOutputHigh() override;
  void OnOutputLow() override;
  void RunDeferred() override;

  event::Loop& loop_;
  upstream::WorkerClusterRef cluster_;
  upstream::TcpEvents& events_;
  std::optional<net::Address> destination_;  // for ORIGINAL_DST
  base::Arena arena_;
  http::RequestHead request_{arena_};
  http::ResponseHead response_{arena_};
  http::HeaderMap trailers_{arena_};
  event::Operation starting_;
  http::RequestWriter* writer_ = nullptr;
  net::Connection* connection_ = nullptr;  // valid with writer_
  upstream::EndpointRef endpoint_;
  uint64_t bytes_moved_ = 0;
  net::CloseCause cause_ = net::CloseCause::kLocal;
  Phase phase_ = Phase::kStarting;
  uint8_t replays_ = 0;
  bool is_reused_ = false;
  bool is_request_over_ = false;
  bool is_response_over_ = false;
};

}  // namespace outrigger::tcp_proxy
