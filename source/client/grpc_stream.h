#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/arena.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/grpc/message_reader.h"
#include "source/http/grpc/status.h"
#include "source/http/http2/client_session.h"
#include "source/net/address.h"
#include "source/net/connection.h"
#include "source/net/transport.h"

namespace outrigger::client {

// Where a stream may connect, and how.
struct GrpcEndpoint {
  net::Address address;
  std::shared_ptr<const net::ClientTransports> transports;  // null: plain
  // As ClientTransportOptions; empty: as the transports are configured.
  std::string server_name;
  std::string verified_name;
  std::string application_protocols;
};
// Those of a cluster as they are known now: static ones, or what DNS last said.
using EndpointSource = std::function<std::vector<GrpcEndpoint>()>;

struct GrpcStreamOptions {
  std::string authority;
  std::string path;  // "/package.Service/Method"
  std::vector<std::pair<std::string, std::string>> metadata;
  base::Milliseconds connect_timeout{5000};  // for each endpoint, its handshake included
  size_t max_message_bytes = http::grpc::kDefaultMaxMessageBytes;
  http::http2::Options http2;
};

// What the user of a stream hears, all from the loop. The stream may be handed to DeleteLater from
// inside.
class GrpcStreamEvents {
 public:
  virtual ~GrpcStreamEvents() = default;
  // Once: a connection stands; Send may be called.
  virtual void OnStreamOpen() = 0;
  // Any number of times, unless paused.
  virtual void OnMessage(std::string message) = 0;
  // Once, last, also instead of OnStreamOpen. `reason` is for people.
  virtual void OnStreamClosed(std::string_view reason) = 0;
};

// One long gRPC call with messages in both directions, over a connection of its own.
// Owner: its user.  Thread: the loop's.
// Lifetime: destroy it from outside its callbacks, or by DeleteLater; it then ends without a call.
// It tries the endpoints in turn until one takes the connection; after that it stays there.
// Limits: received, untaken bytes are bounded by max_message_bytes and the HTTP/2 windows; while
// the peer does not take what we send, we take nothing either.
class GrpcStream final : public event::Deletable,
                         private event::Deferred,
                         private net::ConnectionEvents,
                         private http::http2::ClientSessionEvents,
                         private http::ResponseReceiver {
 public:
  // Starts connecting, with endpoint number `first` modulo their count.
  GrpcStream(event::Loop& loop, const GrpcStreamOptions& options,
             std::vector<GrpcEndpoint> endpoints, size_t first, GrpcStreamEvents& events);
  ~GrpcStream() override;

  // Only while open.
  void Send(std::string_view message);
  bool is_open() const { return writer_ != nullptr; }
  // Ends the call, reporting `reason` through OnStreamClosed from the loop.
  void Close(std::string reason);
  // Counted. Paused, the peer may send what the windows allow, and then waits.
  void PauseReading();
  void ResumeReading();
  // That of the last attempt to connect.
  const net::Address& endpoint() const { return endpoints_[at_].address; }

 private:
  void ConnectNext();
  void TakeMessages();
  void TakeStatus(const http::HeaderMap& fields, int http_status);
  void End();

  void RunDeferred() override;
  // net::ConnectionEvents
  void OnConnected() override;
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override;
  void OnOutputLow() override;
  void OnClosed(net::CloseCause cause) override;
  // http2::ClientSessionEvents
  void OnGoAway() override {}  // the call goes on until the server ends it
  void OnSessionEnd(std::string_view reason) override;
  // http::ResponseReceiver
  http::ResponseHead& response_head() override { return head_; }
  http::HeaderMap& response_trailers() override { return trailers_; }
  void OnInformational() override {}
  void OnResponseHead(bool last) override;
  void OnResponseBody(base::Buffer& piece, bool last) override;
  void OnResponseTrailers() override;
  void OnResponseError(const http::StreamError& error) override;

  event::Loop& loop_;
  const GrpcStreamOptions options_;
  const std::vector<GrpcEndpoint> endpoints_;
  size_t at_;
  size_t tried_ = 0;
  GrpcStreamEvents& events_;
  base::Arena arena_;
  http::ResponseHead head_{arena_};
  http::HeaderMap trailers_{arena_};
  http::grpc::MessageReader reader_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<http::http2::ClientSession> session_;  // uses connection_
  http::RequestWriter* writer_ = nullptr;  // of session_; null before and after the call
  int pauses_ = 0;
  std::optional<std::string> end_reason_;  // set: the call is over
  bool is_end_reported_ = false;
};

}  // namespace outrigger::client
