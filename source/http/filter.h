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

// What a filter decides about the frame it was just shown. Everything that a decision needs travels
// inside it, so "reply, then continue" cannot be written. To a resume belong Continue and Reply.
class [[nodiscard]] Verdict {
 public:
  enum class Kind : uint8_t {
    kContinue,
    kPause,
    kReply,
    kCollect,
    kContinueToTrailers,
    kEndWith,
    kDecline
  };
  static Verdict Continue() { return Verdict(Kind::kContinue); }  // pass the frame on
  // Hold this direction here until Resume...(); what follows waits, bounded, back-pressured.
  static Verdict Pause() { return Verdict(Kind::kPause); }
  // Answer now; the filters before this one see it as a response, no one else.
  static Verdict Reply(LocalReply reply) {
    Verdict verdict(Kind::kReply);
    verdict.reply_ = std::make_unique<LocalReply>(std::move(reply));
    return verdict;
  }
  // To a head: hold it here until body and trailers are complete, then show the message whole, by
  // OnWholeRequest or OnWholeResponse, and no other frame of it. `limit_bytes` of body, by default
  // ChainLimits::whole_body_bytes; above it 413 to a request, 500 to a response.
  static Verdict Collect(std::optional<size_t> limit_bytes = std::nullopt) {
    Verdict verdict(Kind::kCollect);
    verdict.limit_bytes_ = limit_bytes;
    return verdict;
  }
  // Pass the frame on; if it is the last, the message has trailers all the same: this filter is
  // shown an empty map next and fills it. A map that stays empty is not sent.
  static Verdict ContinueToTrailers() { return Verdict(Kind::kContinueToTrailers); }
  // Pass the frame on with these bytes behind it, which end the message: in place of trailers that
  // were shown, and of whatever else its sender still sends.
  static Verdict EndWith(base::Buffer bytes) {
    Verdict verdict(Kind::kEndWith);
    verdict.bytes_ = std::make_unique<base::Buffer>(std::move(bytes));
    return verdict;
  }
  // Pass the frame on and leave: the filter dies now and hears no more of the stream.
  static Verdict Decline() { return Verdict(Kind::kDecline); }

  Kind kind() const { return kind_; }
  LocalReply& reply() { return *reply_; }
  base::Buffer& bytes() { return *bytes_; }
  std::optional<size_t> limit_bytes() const { return limit_bytes_; }

 private:
  explicit Verdict(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::optional<size_t> limit_bytes_;
  std::unique_ptr<LocalReply> reply_;
  std::unique_ptr<base::Buffer> bytes_;
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
  // Once, after Verdict::Collect on the head. All three may be changed and go on as frames of their
  // own; trailers that are empty after it are not sent. Continue, Pause, Reply or EndWith.
  virtual Verdict OnWholeRequest(RequestHead&, base::Buffer& /*body*/, HeaderMap& /*trailers*/) {
    return Verdict::Continue();
  }
  virtual Verdict OnWholeResponse(ResponseHead&, base::Buffer& /*body*/, HeaderMap& /*trailers*/) {
    return Verdict::Continue();
  }
  virtual void OnStreamEnd(const StreamSummary&) {}  // exactly once, unless it declined
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
  // Continue or Reply, to a pause of ours; ignored when the direction came to an end meanwhile.
  virtual void ResumeRequest(Verdict verdict) = 0;
  virtual void ResumeResponse(Verdict verdict) = 0;
  virtual StreamView& stream() = 0;
  // What the request's route configures for this filter by its name in the chain
  // (typed_per_filter_config), the most specific level; null when it says nothing.
  virtual const RouteFilterConfig* route_config() = 0;
};

// BodyMode::kWhole: the chain collects the whole request body, up to a limit (413 above it),
// before it shows the filter the head; the body then arrives as one piece.
enum class BodyMode : uint8_t { kStream, kWhole };

// Called when the stream's request head is there. Null: this filter has no part in this stream.
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
