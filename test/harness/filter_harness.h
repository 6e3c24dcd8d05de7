#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "source/http/filter_chain.h"

namespace outrigger::testing {

// What came out at the client's side of a chain.
struct Reply {
  bool has_head = false;
  bool is_complete = false;
  bool was_aborted = false;
  int status = 0;
  std::string detail;  // %RESPONSE_CODE_DETAILS%
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers, trailers;
  std::string Header(std::string_view name) const;
  std::string Trailer(std::string_view name) const;
};

// What reached the end of the chain.
struct Forwarded {
  bool has_head = false;
  bool is_complete = false;
  std::string method, target;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers, trailers;
  std::string Header(std::string_view name) const;
  std::string Trailer(std::string_view name) const;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Runs one stream at a time through a chain of real filters, with a terminal that records and
// answers as told, on a loop with a clock that is turned by hand.
//
//   FilterHarness chain(std::move(factory));
//   EXPECT_THAT(chain.Request("GET /far"), RepliedWith(403, "rbac_access_denied"));
class FilterHarness {
 public:
  explicit FilterHarness(http::HttpFilterFactory filter,
                         http::BodyMode mode = http::BodyMode::kStream);
  // `name` is how routes know the filter.
  void AddFilter(std::string name, http::HttpFilterFactory filter,
                 http::BodyMode mode = http::BodyMode::kStream);
  ~FilterHarness();

  // How the end of the chain answers a complete request; by default 200 without body.
  void Answer(int status, std::string body = "", HeaderList headers = {}, HeaderList trailers = {});
  // The end of the chain stays silent until one of endpoint()'s calls.
  void AnswerLater() { answers_ = false; }

  // The end of the chain, answering frame by frame; nothing happens once its stream is over.
  class Endpoint {
   public:
    explicit Endpoint(FilterHarness& harness) : harness_(harness) {}
    void Answer();  // as told by FilterHarness::Answer
    void Head(int status, const HeaderList& headers, bool last = false);
    void Body(std::string_view piece, bool last = false);
    void Trailers(const HeaderList& trailers);

   private:
    FilterHarness& harness_;
  };
  Endpoint endpoint() { return Endpoint(*this); }

  // Sends "GET /path" with `host: test` and `headers`, complete unless a body follows.
  const Reply& Request(std::string_view line, const HeaderList& headers = {});
  void Begin(std::string_view line, const HeaderList& headers = {}, bool last = false);
  void Body(std::string_view piece, bool last);
  void Trailers(const HeaderList& trailers);
  // Ends the stream as if the client had gone.
  void Cut();

  // Environment of the next request.
  void set_peer(std::string_view ip, uint16_t port = 40000);
  void set_remote(std::string_view ip);
  void set_local(std::string_view ip, uint16_t port);
  // What the request's route configures for every filter.
  void set_route_config(const http::RouteFilterConfig* config) { route_config_ = config; }
  // The route it goes by; outlives the request.
  void set_route(const route::Route* route) { route_ = route; }
  // The cluster that the end of the chain picks; default none.
  void set_cluster(std::string_view name) { cluster_ = name; }
  void set_protocol(http::Protocol protocol) { protocol_ = protocol; }
  // What its fractions draw on.
  void set_random(uint64_t random) { random_ = random; }

  // Posted and deferred work, due timers.
  void Turn();
  void Advance(base::Nanoseconds by);

  const Reply& reply() const;
  const Forwarded& forwarded() const;
  const http::StreamSummary& summary() const;
  int pauses() const;  // how often the sender is held back at present

  // What the connection of the next request runs over; null: plain bytes. Outlives the request.
  net::Transport* transport = nullptr;

 private:
  class Stream;
  friend class Stream;

  base::ManualClock clock_;
  event::Loop loop_;
  std::vector<http::ChainEntry> entries_;
  http::ChainLimits limits_{.held_bytes = 1000, .whole_body_bytes = 100};
  int status_ = 200;
  std::string body_;
  HeaderList headers_, trailers_;
  bool answers_ = true;
  net::Address peer_, remote_, local_;
  const http::RouteFilterConfig* route_config_ = nullptr;
  const route::Route* route_ = nullptr;
  uint64_t random_ = 0;
  std::string cluster_;
  http::Protocol protocol_ = http::Protocol::kHttp11;
  std::unique_ptr<Stream> stream_;
};

// The chain answered by itself, with this status and this detail.
MATCHER_P2(RepliedWith, status, detail, "") {
  *result_listener << "status " << arg.status << ", detail " << arg.detail;
  return arg.is_complete && arg.status == status && arg.detail == detail;
}
MATCHER_P(HasStatus, status, "") {
  *result_listener << "status " << arg.status << ", detail " << arg.detail;
  return arg.is_complete && arg.status == status;
}

}  // namespace outrigger::testing
