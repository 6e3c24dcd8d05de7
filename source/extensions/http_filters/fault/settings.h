#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "envoy/extensions/filters/http/fault/v3/fault.pb.h"
#include "source/base/clock.h"
#include "source/config/place.h"
#include "source/config/registry.h"
#include "source/http/filter.h"
#include "source/route/matchers.h"

namespace outrigger::fault {

// How a request is answered.
struct Abort {
  int http_status = 200;
  std::optional<int> grpc_status;
};

// What one filter, or one route, does to requests. Immutable; any thread.
class Settings final : public http::RouteFilterConfig {
 public:
  // Null: refused at `place` or below.
  static std::shared_ptr<const Settings> Read(
      const envoy::extensions::filters::http::fault::v3::HTTPFault& config,
      const config::Place& place, const config::FactoryContext& context);

  // Whether the request is one that faults are for.
  bool Concerns(const http::RequestHead& head, http::StreamView& view) const;
  // What happens to this request; nothing for the others of the share.
  std::optional<base::Milliseconds> DelayOf(const http::RequestHead& head, uint64_t random) const;
  std::optional<Abort> AbortOf(const http::RequestHead& head, uint64_t random) const;
  // Most requests at one time; nullopt: no limit.
  std::optional<uint64_t> max_active() const { return max_active_; }

 private:
  using Proto = envoy::extensions::filters::http::fault::v3::HTTPFault;
  void ReadDelay(const Proto& config, const config::Place& place, const config::FactoryContext&);
  void ReadAbort(const Proto& config, const config::Place& place, const config::FactoryContext&);

  struct Delay {
    uint32_t per_million = 0;
    uint32_t denominator = 100;                  // of the percentage that a request may name
    std::optional<base::Milliseconds> duration;  // nullopt: the request says it
  };
  struct AbortRule {
    uint32_t per_million = 0;
    uint32_t denominator = 100;
    std::optional<Abort> abort;  // nullopt: the request says it
  };

  std::optional<Delay> delay_;
  std::optional<AbortRule> abort_;
  std::string upstream_cluster_;
  std::vector<route::HeaderMatcher> headers_;
  std::vector<std::string> downstream_nodes_;
  std::optional<uint64_t> max_active_;
};

}  // namespace outrigger::fault
