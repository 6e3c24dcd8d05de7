#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/head.h"
#include "source/http/stream_summary.h"

namespace outrigger::route {
class Route;
struct WeightedTarget;
}  // namespace outrigger::route
namespace outrigger::upstream {
class WorkerClusters;
}

namespace outrigger::http {

// A response that the proxy makes itself.
struct LocalReply {
  int status = 500;
  std::string_view detail;  // static token; becomes %RESPONSE_CODE_DETAILS%
  std::string body;         // text/plain unless local_reply_config says otherwise
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::optional<ResponseFlag> flag = std::nullopt;
  std::optional<int> grpc_status = std::nullopt;  // for gRPC requests; otherwise mapped from status
};

// What a filter decides about the frame it was just shown. The reply travels inside the verdict, so
// "reply, then continue" cannot be written.
class [[nodiscard]] Verdict {
 public:
  enum class Kind : uint8_t { kContinue, kPause, kReply };
  static Verdict Continue() { return Verdict(Kind::kContinue); }  // pass the frame on
  // Hold this direction here until Resume...(); what follows waits, bounded, back-pressured.
  static Verdict Pause() { return Verdict(Kind::kPause); }
  // Answer now; the filters before this one see it as a response, no one else.
  static Verdict Reply(LocalReply reply) {
    Verdict verdict(Kind::kReply);
    verdict.reply_ = std::make_unique<LocalReply>(std::move(reply));
    return verdict;
  }
  Kind kind() const { return kind_; }
  LocalReply& reply() { return *reply_; }

 private:
  explicit Verdict(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::unique_ptr<LocalReply> reply_;
};

// One per stream, owned by the stream, on its worker. Request callbacks run first filter to last,
// response callbacks last to first. `last`: nothing follows in this direction. Paused: later frames
// wait, in order. No callback runs from inside a FilterStream call.
class HttpFilter {
 public:
  virtual ~HttpFilter() = default;
  virtual Verdict OnRequestHead(RequestHead&, bool /*last*/) { return Verdict::Continue(); }
  virtual Verdict OnRequestBody(base::Buffer&, bool /*last*/) { return Verdict::Continue(); }
  virtual Verdict OnRequestTrailers(HeaderMap&) { return Verdict::Continue(); }
  virtual Verdict OnResponseHead(ResponseHead&, bool /*last*/) { return Verdict::Continue(); }
  virtual Verdict OnResponseBody(base::Buffer&, bool /*last*/) { return Verdict::Continue(); }
  virtual Verdict OnResponseTrailers(HeaderMap&) { return Verdict::Continue(); }
  virtual void OnStreamEnd(const StreamSummary&) {}  // exactly once
};

// What every member of the chain may read of its stream. Valid as long as the filter.
class StreamView {
 public:
  virtual ~StreamView() = default;
  virtual event::Loop& loop() = 0;
  virtual base::Arena& arena() = 0;
  virtual RequestHead& request() = 0;
  virtual StreamSummary& summary() = 0;
  // Null when nothing matched. Kept alive, with its table, by the stream.
  virtual const route::Route* route() = 0;
  // Which of the route's clusters was chosen for this stream, once for each match; null when the
  // route does not forward, or a header names its cluster.
  virtual const route::WeightedTarget* weighted_target() = 0;
  // Forget the match and match again on next use: for filters that changed what routes look at.
  virtual void ClearRoute() = 0;
  // The clusters as this worker uses them.
  virtual upstream::WorkerClusters& clusters() = 0;
  // A uniform random number, the same for the whole life of the stream: fractions and weighted
  // choices draw on it, so that one stream is consistent.
  virtual uint64_t random() = 0;
};

// Configuration that a route carries for one filter (typed_per_filter_config); each filter derives
// its own.
class RouteFilterConfig {
 public:
  virtual ~RouteFilterConfig() = default;
};

// A filter's only way back into the chain; valid as long as the filter.
class FilterStream {
 public:
  virtual ~FilterStream() = default;
  virtual void ResumeRequest(Verdict verdict) = 0;  // Continue or Reply; DCHECKs that we paused
  virtual void ResumeResponse(Verdict verdict) = 0;
  virtual StreamView& stream() = 0;
  // What the request's route configures for this filter by its name in the chain
  // (typed_per_filter_config), the most specific level; null when it says nothing.
  virtual const RouteFilterConfig* route_config() = 0;
};

// BodyMode::kWhole: the chain collects the whole request body, up to a limit (413 above it),
// before it shows the head; the body then arrives as one piece.
enum class BodyMode : uint8_t { kStream, kWhole };

using HttpFilterFactory = absl::AnyInvocable<std::unique_ptr<HttpFilter>(FilterStream&) const>;

// How the end of the chain gives its response to the stream.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // The head that the terminal fills (or lets an upstream codec fill) and then announces.
  virtual ResponseHead& response_head() = 0;
  virtual HeaderMap& response_trailers() = 0;
  virtual void SendInformational() = 0;  // response_head() holds it; cleared after
  virtual void SendResponseHead(bool last) = 0;
  virtual void SendResponseBody(base::Buffer& piece, bool last) = 0;  // takes all of it
  virtual void SendResponseTrailers() = 0;
  virtual void SendReply(LocalReply reply) = 0;  // before the head only
  // The response broke off after its head: the client's stream is reset.
  virtual void AbortResponse(const StreamError& error) = 0;
  // Back-pressure on the request body; counted.
  virtual void PauseRequestBody() = 0;
  virtual void ResumeRequestBody() = 0;
  virtual StreamView& stream() = 0;
};

// The end of a chain: what turns the filtered request into a response (the router, the admin
// pages). One per stream, owned by it. Destroying it gives up what it started.
class Terminal {
 public:
  virtual ~Terminal() = default;
  virtual void OnRequestHead(RequestHead& head, bool last) = 0;
  virtual void OnRequestBody(base::Buffer& piece, bool last) = 0;  // takes all of it
  virtual void OnRequestTrailers(HeaderMap& trailers) = 0;
  // The client's connection takes no more for now / again: slow the response down.
  virtual void OnResponseHigh() = 0;
  virtual void OnResponseLow() = 0;
};

using TerminalFactory = absl::AnyInvocable<std::unique_ptr<Terminal>(ResponseSink&) const>;

}  // namespace outrigger::http
