#include "source/http/response_flags.h"

namespace outrigger::http {
namespace {

struct FlagNames {
  std::string_view short_name;
  std::string_view long_name;
};

// In the order of the enumerators.
constexpr FlagNames kNames[] = {
    {"LH", "FailedLocalHealthCheck"},
    {"UH", "NoHealthyUpstream"},
    {"UT", "UpstreamRequestTimeout"},
    {"LR", "LocalReset"},
    {"UR", "UpstreamRemoteReset"},
    {"UF", "UpstreamConnectionFailure"},
    {"UC", "UpstreamConnectionTermination"},
    {"UO", "UpstreamOverflow"},
    {"NR", "NoRouteFound"},
    {"DI", "DelayInjected"},
    {"FI", "FaultInjected"},
    {"RL", "RateLimited"},
    {"UAEX", "UnauthorizedExternalService"},
    {"RLSE", "RateLimitServiceError"},
    {"DC", "DownstreamConnectionTermination"},
    {"URX", "UpstreamRetryLimitExceeded"},
    {"SI", "StreamIdleTimeout"},
    {"IH", "InvalidEnvoyRequestHeaders"},
    {"DPE", "DownstreamProtocolError"},
    {"UMSDR", "UpstreamMaxStreamDurationReached"},
    {"NC", "NoClusterFound"},
    {"OM", "OverloadManagerTerminated"},
    {"DT", "DurationTimeout"},
    {"UPE", "UpstreamProtocolError"},
    {"DR", "DownstreamRemoteReset"},
};
static_assert(sizeof(kNames) / sizeof(kNames[0]) == static_cast<size_t>(ResponseFlag::kCount));

template <typename Name>
void AppendFlags(const StreamSummary& summary, Name name, std::string& out) {
  bool is_first = true;
  for (int i = 0; i < static_cast<int>(ResponseFlag::kCount); ++i) {
    const auto flag = static_cast<ResponseFlag>(i);
    if (!summary.Has(flag)) continue;
    if (!is_first) out += ',';
    is_first = false;
    out += name(flag);
  }
}

}  // namespace

std::string_view ShortName(ResponseFlag flag) { return kNames[static_cast<int>(flag)].short_name; }
std::string_view LongName(ResponseFlag flag) { return kNames[static_cast<int>(flag)].long_name; }

void AppendShortFlags(const StreamSummary& summary, std::string& out) {
  AppendFlags(summary, ShortName, out);
}
void AppendLongFlags(const StreamSummary& summary, std::string& out) {
  AppendFlags(summary, LongName, out);
}

}  // namespace outrigger::http
