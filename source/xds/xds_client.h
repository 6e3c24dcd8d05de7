#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "envoy/config/core/v3/base.pb.h"
#include "source/client/back_off.h"
#include "source/client/grpc_stream.h"
#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/stats/envoy_scopes.h"
#include "source/stats/store.h"
#include "source/xds/compile_thread.h"
#include "source/xds/resource_feed.h"
#include "source/xds/resource_type.h"
#include "source/xds/response_compiler.h"

namespace outrigger::xds {

struct XdsOptions {
  Protocol protocol = Protocol::kSotw;
  envoy::config::core::v3::Node node;
  bool sends_node_once = true;       // set_node_on_first_message_only
  client::GrpcStreamOptions stream;  // its path: of one type's service; empty: the aggregated one
  std::string server = "the control plane";  // who that is, for the log
  // `<scope>connected_state` and so on, and how the stream fares.
  stats::Scope control_plane_scope = stats::PlainScope("control_plane.");
  stats::Scope stream_scope = stats::PlainScope("ads.");
  client::EndpointSource endpoints;  // asked before each attempt
  ResourceLimits limits;
  base::Milliseconds fetch_timeout{15000};  // initial_fetch_timeout; 0: for ever
  base::Milliseconds first_back_off{500};
  base::Milliseconds longest_back_off{30000};
  // Received responses that wait to be compiled: beyond this the server has to wait.
  size_t max_waiting = 16;
  size_t max_waiting_bytes = 16u << 20;
  // For each type once: its first answer was applied, or initial_fetch_timeout passed. May be
  // empty.
  std::function<void(std::string_view type_url)> on_first_update;
  std::function<double()> random;  // [0, 1); left out: a generator of its own
};

// The connection with the control plane, as the admin page shows it.
struct XdsStatus {
  bool is_connected = false;
  std::string control_plane;  // its identifier, as it said itself
  std::string endpoint;       // of the present or last attempt
  std::string last_failure;   // why the last stream ended; empty: none did
};

// Keeps one stream to a control plane, for all types (ADS) or for one type by its own service
// (SDS), and each type of resource as the server wants it.
//
//   stream -> waiting responses -> compile thread -> feed of its type -> `apply` -> ACK or NACK
//                (bounded)          (one at a time)
//
// Owner: the server.  Thread: main; types' `compile` runs on the compile thread.
// Lifetime: the compile thread, which is shared, may finish a job of ours after we are gone; what
// the types' `compile` refers to must outlive that thread.
// Errors: whatever the server does costs a reconnect with back-off; what was accepted stays.
class XdsClient final : private client::GrpcStreamEvents, private event::Deferred {
 public:
  // `types` in the order in which they are asked for: clusters, endpoints, listeners, routes.
  XdsClient(event::Loop& loop, CompileThread& compile_thread, XdsOptions options,
            std::vector<ResourceType> types, stats::Store& store);
  ~XdsClient() override;
  XdsClient(const XdsClient&) = delete;
  XdsClient& operator=(const XdsClient&) = delete;

  // Connects, from the loop; once.
  void Start();
  // A wildcard type: begins to ask for all of it.
  void Begin(std::string_view type_url);
  // Another type: `name` is wanted until as many Unwatch. Calls of one event make one request.
  // What is held already, also after an Unwatch in the same event, is found at once and applied
  // again soon; the server, for which nothing changed, need not send it
  // (docs/decisions/0021-held-endpoints.md).
  void Watch(std::string_view type_url, const std::string& name,
             std::optional<base::Milliseconds> fetch_timeout = std::nullopt);
  void Unwatch(std::string_view type_url, const std::string& name);
  // What `compile` made of the last good version, or null.
  std::shared_ptr<const void> Find(std::string_view type_url, const std::string& name) const;

  std::vector<TypeDescription> Describe() const;
  const XdsStatus& status() const { return status_; }

 private:
  struct Waiting {
    std::string bytes;
    base::MonoTime received;
  };
  struct Counters {
    Counters(stats::Store& store, const XdsOptions& options);
    stats::GroupPtr control_plane;
    stats::GroupPtr stream;
    stats::GroupPtr server;
  };

  size_t IndexOf(std::string_view type_url) const;
  void Connect();
  void CompileNext();
  void OnCompiled(Outcome outcome, uint64_t stream_number, base::MonoTime received);
  void TakeOutcome(Outcome outcome, bool is_present, base::MonoTime received);
  void UpdatePause();
  void CountUnknownFields(const std::vector<std::string>& fields);
  void SendFeedback(size_t type, ResourceFeed::Unused unused);

  // event::Deferred: sends what is due.
  void RunDeferred() override;
  // client::GrpcStreamEvents
  void OnStreamOpen() override;
  void OnMessage(std::string message) override;
  void OnStreamClosed(std::string_view reason) override;

  event::Loop& loop_;
  CompileThread& compile_thread_;
  XdsOptions options_;
  // Shared with jobs on the compile thread.
  const std::shared_ptr<const std::vector<ResourceType>> types_;
  const std::shared_ptr<ResponseCompiler> compiler_;
  Counters counters_;
  std::vector<std::unique_ptr<ResourceFeed>> feeds_;  // one for each type
  client::BackOff back_off_;
  event::Timer reconnect_;
  std::unique_ptr<client::GrpcStream> stream_;
  uint64_t stream_number_ = 0;
  bool has_sent_node_ = false;  // on this stream
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  bool is_paused_ = false;
  event::Operation compiling_;
  bool is_compiling_ = false;
  absl::flat_hash_set<std::string> logged_;  // unknown fields and types, once each; bounded
  XdsStatus status_;
};

}  // namespace outrigger::xds
