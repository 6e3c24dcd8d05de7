#include "source/extensions/http_filters/grpc_stats/grpc_stats.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "source/base/text.h"
#include "source/config/place.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/message_scanner.h"
#include "source/http/grpc/method_counters.h"
#include "source/http/grpc/status.h"

namespace outrigger::grpc_stats {
namespace {

using http::Verdict;
using http::grpc::MethodName;

// What a factory and its streams share.
struct Settings {
  Settings(stats::Store& store, bool replaces_dots) : counters(store, "grpc", replaces_dots) {}

  bool CountsByName(const MethodName& name) const {
    return counts_all || by_name.contains(base::StrCat(name.service, "/", name.method));
  }

  http::grpc::MethodCounters counters;
  bool counts_all = false;
  bool records_time = false;
  absl::flat_hash_set<std::string> by_name;  // "service/method"
};

class GrpcStats final : public http::HttpFilter {
 public:
  GrpcStats(const Settings& settings, http::FilterStream& stream)
      : settings_(settings), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    if (!http::grpc::IsGrpcRequest(head)) return Verdict::Decline();
    const auto name = http::grpc::ParseMethodPath(head.target);
    if (!name) return Verdict::Decline();
    if (settings_.CountsByName(*name)) {
      name_ = {stream_.stream().arena().Copy(name->service),
               stream_.stream().arena().Copy(name->method)};
    }
    return Verdict::Continue();
  }

  Verdict OnRequestBody(base::Buffer& piece, bool /*last*/) override {
    request_messages_ += request_.Scan(piece);
    Flush();
    return Verdict::Continue();
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool last) override {
    is_grpc_response_ = http::grpc::IsGrpcResponse(head, last);
    CountEnd(head.headers);
    return Verdict::Continue();
  }

  Verdict OnResponseBody(base::Buffer& piece, bool /*last*/) override {
    if (is_grpc_response_) response_messages_ += response_.Scan(piece);
    Flush();
    return Verdict::Continue();
  }

  Verdict OnResponseTrailers(http::HeaderMap& trailers) override {
    CountEnd(trailers);
    return Verdict::Continue();
  }

  void OnStreamEnd(const http::StreamSummary& summary) override {
    Flush();
    if (!settings_.records_time || tally_ == nullptr) return;
    if (summary.request_end == base::MonoTime() ||
        summary.upstream_last_received < summary.request_end) {
      return;
    }
    const auto time = std::chrono::duration_cast<base::Milliseconds>(
        summary.upstream_last_received - summary.request_end);
    tally_->RecordTime(static_cast<uint64_t>(time.count()));
  }

 private:
  // The cluster is known once the request has reached the end of the chain.
  void FindTally() {
    const std::string_view cluster = stream_.stream().summary().cluster_name;
    if (tally_ == nullptr && !cluster.empty()) tally_ = settings_.counters.Find(cluster, name_);
  }

  void Flush() {
    FindTally();
    if (tally_ == nullptr) return;
    if (request_messages_ != 0) {
      tally_->CountRequestMessages(std::exchange(request_messages_, 0));
    }
    if (response_messages_ != 0) {
      tally_->CountResponseMessages(std::exchange(response_messages_, 0));
    }
  }

  void CountEnd(const http::HeaderMap& fields) {
    const auto text = fields.Get(http::HeaderId::kGrpcStatus);
    if (!text || was_counted_) return;
    FindTally();
    if (tally_ == nullptr) return;
    was_counted_ = true;
    // A number that is no status of gRPC is a failure without a counter of its own.
    tally_->CountEnd(base::ParseNumber<uint32_t>(*text).value_or(UINT32_MAX));
  }

  const Settings& settings_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  MethodName name_;  // empty: counted together with others
  const http::grpc::MethodTally* tally_ = nullptr;
  http::grpc::MessageScanner request_, response_;
  uint64_t request_messages_ = 0, response_messages_ = 0;  // not yet counted
  bool is_grpc_response_ = false;
  bool was_counted_ = false;
};

void ReadMethods(const envoy::config::core::v3::GrpcMethodList& list, Settings& settings,
                 const config::Place& place) {
  for (int i = 0; i < list.services_size(); ++i) {
    const auto& service = list.services(i);
    const config::Place at = place.At("services", i);
    if (service.name().empty()) at.At("name").Refuse("must be given");
    if (service.method_names().empty()) at.At("method_names").Refuse("must hold at least one");
    for (const std::string& method : service.method_names()) {
      settings.by_name.insert(base::StrCat(service.name(), "/", method));
    }
  }
}

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  const config::Place root(findings);
  auto settings =
      std::make_shared<Settings>(context.stats(), config.replace_dots_in_grpc_service_name());
  settings->counts_all = config.stats_for_all_methods().value();
  settings->records_time = config.enable_upstream_stats();
  if (config.has_individual_method_stats_allowlist()) {
    ReadMethods(config.individual_method_stats_allowlist(), *settings,
                root.At("individual_method_stats_allowlist"));
  }
  if (findings.size() > 0) return findings.ToStatus();
  return http::HttpFilterFactory([settings](http::FilterStream& stream) {
    return std::make_unique<GrpcStats>(*settings, stream);
  });
}

}  // namespace outrigger::grpc_stats
