#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "envoy/extensions/filters/http/router/v3/router.pb.h"
#include "source/config/runtime_values.h"
#include "source/http/filter.h"
#include "source/route/route_table.h"
#include "source/stats/store.h"
#include "source/upstream/worker_clusters.h"
#include "test/harness/scripted_upstream.h"

namespace outrigger::router {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// One stream, as the chain's end sees it, with a client that remembers what it got.
class Client final : private http::ResponseSink, private http::StreamView {
 public:
  Client(event::Loop& loop, upstream::WorkerClusters& clusters, const route::RouteTable* table,
         const http::TerminalFactory& terminal, uint64_t random);
  ~Client() override { End(); }

  // "GET /path", host "test" unless given.
  void Head(std::string_view line, const HeaderList& headers, bool last);
  void Body(std::string_view piece, bool last);
  void Trailers(const HeaderList& trailers);
  // It takes no more of the response / again.
  void Fill() { terminal_->OnResponseHigh(); }
  void Drain() { terminal_->OnResponseLow(); }
  // It is gone.
  void End() { terminal_.reset(); }

  bool has_head = false;
  bool is_complete = false;
  int status = 0;
  std::string body;
  HeaderList headers, trailers;
  std::vector<int> informational;
  std::string aborted_by;          // the detail
  std::optional<int> grpc_status;  // of a reply of the proxy's own, where it says one
  int pauses = 0;                  // how often its request is held back at present
  http::StreamSummary seen;

  std::string Header(std::string_view name) const;
  bool is_over() const { return is_complete || !aborted_by.empty(); }
  std::string Flags() const;  // letters, comma-separated

 private:
  // http::ResponseSink
  http::ResponseHead& response_head() override { return response_; }
  http::HeaderMap& response_trailers() override { return response_trailers_; }
  void SendInformational() override { informational.push_back(response_.status); }
  void SendResponseHead(bool last) override;
  void SendResponseBody(base::Buffer& piece, bool last) override;
  void SendResponseTrailers() override;
  void SendReply(http::LocalReply reply) override;
  void AbortResponse(const http::StreamError& error) override { aborted_by = error.detail; }
  void PauseRequestBody() override { ++pauses; }
  void ResumeRequestBody() override { --pauses; }
  http::StreamView& stream() override { return *this; }
  // http::StreamView
  event::Loop& loop() override { return loop_; }
  base::Arena& arena() override { return arena_; }
  http::RequestHead& request() override { return request_; }
  http::StreamSummary& summary() override { return seen; }
  const route::Route* route() override {
    return table_ == nullptr ? nullptr : table_->Find({.head = request_, .random = random_});
  }
  const route::WeightedTarget* weighted_target() override {
    const route::Route* found = route();
    if (found == nullptr || found->forward() == nullptr) return nullptr;
    return route::ChooseTarget(*found->forward(), request_, random_);
  }
  void ClearRoute() override {}
  upstream::WorkerClusters& clusters() override { return clusters_; }
  uint64_t random() override { return random_; }

  event::Loop& loop_;
  upstream::WorkerClusters& clusters_;
  const route::RouteTable* table_;
  const uint64_t random_;
  base::Arena arena_;
  http::RequestHead request_{arena_};
  http::HeaderMap request_trailers_{arena_};
  http::ResponseHead response_{arena_};
  http::HeaderMap response_trailers_{arena_};
  std::unique_ptr<http::Terminal> terminal_;
};

// A router with real clusters, real connections to scripted upstreams, and time that a test moves.
// Begins with cluster "a" of one upstream, and one route for everything to it.
class World {
 public:
  using RouterConfig = envoy::extensions::filters::http::router::v3::Router;
  World();
  ~World();

  void Configure(const RouterConfig& config);
  void AddCluster(std::string_view name, std::vector<testing::ScriptedUpstream*> upstreams,
                  const std::function<void(upstream::ClusterSpec&)>& change = {});
  // The route for everything.
  void SetRoute(route::RouteSpec route,
                const std::function<void(route::VirtualHostSpec&)>& change = {});
  void SetForward(const std::function<void(route::ForwardAction&)>& change);
  // Gives the forwarding route this retry policy.
  void SetRetries(route::RetryPolicy policy);
  route::WeightedTarget To(std::string_view cluster, uint32_t weight = 1);

  Client& Request(std::string_view line, const HeaderList& headers = {}, bool last = true,
                  uint64_t random = 0);
  // Turns until the client's response is over.
  [[nodiscard]] bool Finishes(Client& client);
  // A request that the upstream answers on its connection `at`, which is kept alive then.
  [[nodiscard]] bool Exchange(size_t at = 0);
  void Advance(base::Milliseconds by);
  void Settle() { turns.Settle(); }
  uint64_t Counter(std::string_view name) { return stats.Value(name).value_or(0); }

  // The addresses of the next clients, where a test tells them.
  std::optional<net::Address> client_address, listener_address;
  net::TestLoop turns;
  stats::Store stats;
  config::RuntimeValues runtime;
  upstream::ClusterNames names;
  testing::ScriptedUpstream server{turns};
  upstream::WorkerClusters clusters{turns.loop};

 private:
  http::TerminalFactory terminal_;
  std::vector<std::shared_ptr<const route::RouteTable>> tables_;  // the last one is in force
  std::vector<std::unique_ptr<Client>> clients_;
};

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
inline constexpr std::string_view kUnavailable =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

}  // namespace outrigger::router
