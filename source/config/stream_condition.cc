#include "source/config/stream_condition.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "source/base/text.h"
#include "source/config/matcher_config.h"
#include "source/http/grpc/status.h"
#include "source/http/response_flags.h"
#include "source/upstream/random.h"

namespace outrigger::config {
namespace {

using envoy::config::accesslog::v3::AccessLogFilter;
using envoy::config::accesslog::v3::ComparisonFilter;
using envoy::config::accesslog::v3::GrpcStatusFilter;
using envoy::config::accesslog::v3::ResponseFlagFilter;
using envoy::config::accesslog::v3::RuntimeFilter;
using http::StreamSummary;

constexpr uint32_t kMillion = 1'000'000;
constexpr int kMaxDepth = 20;

constexpr int kFlagCount = static_cast<int>(http::ResponseFlag::kCount);

// The bit of a flag by its letters; 0: unknown.
uint32_t FlagBit(std::string_view letters) {
  for (int flag = 0; flag < kFlagCount; ++flag) {
    if (http::ShortName(static_cast<http::ResponseFlag>(flag)) == letters)
      return uint32_t{1} << flag;
  }
  return 0;
}

class Comparison {
 public:
  Comparison(const ComparisonFilter& from, const RuntimeValues& runtime)
      : op_(from.op()), value_(runtime.Resolve(from.value())) {}

  bool Holds(int64_t number) const {
    switch (op_) {
      case ComparisonFilter::GE:
        return number >= value_;
      case ComparisonFilter::LE:
        return number <= value_;
      case ComparisonFilter::NE:
        return number != value_;
      default:
        return number == value_;
    }
  }

 private:
  ComparisonFilter::Op op_;
  int64_t value_;
};

int64_t DurationMs(const StreamSummary& summary) {
  if (summary.end < summary.start) return 0;  // not over yet: a local reply
  return std::chrono::duration_cast<std::chrono::milliseconds>(summary.end - summary.start).count();
}

uint64_t Chance() {
  thread_local upstream::Random random(
      std::hash<std::thread::id>()(std::this_thread::get_id()) ^
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
  return random.Next();
}

// By the request id, so that all logs of one request agree.
uint64_t DrawOf(const StreamSummary& summary) {
  const std::string_view id =
      summary.request == nullptr
          ? std::string_view()
          : summary.request->headers.Get(http::HeaderId::kXRequestId).value_or("");
  return id.empty() ? Chance() : std::hash<std::string_view>()(id);
}

StreamCondition ReadRuntime(const RuntimeFilter& from, const RuntimeValues& runtime,
                            const Place& place) {
  if (from.runtime_key().empty()) place.At("runtime_key").Refuse("must be given");
  const uint32_t per_million = runtime.PerMillion(from.runtime_key(), from.percent_sampled());
  if (from.use_independent_randomness()) {
    return [per_million](const StreamSummary&, int) { return Chance() % kMillion < per_million; };
  }
  return [per_million](const StreamSummary& summary, int) {
    return DrawOf(summary) % kMillion < per_million;
  };
}

StreamCondition ReadFlags(const ResponseFlagFilter& from, const Place& place) {
  uint32_t wanted = from.flags().empty() ? ~uint32_t{0} : 0;
  for (int i = 0; i < from.flags_size(); ++i) {
    const uint32_t bit = FlagBit(from.flags(i));
    wanted |= bit;
    if (bit != 0) continue;
    std::string known;
    for (int flag = 0; flag < kFlagCount; ++flag) {
      base::StrAppend(&known, flag == 0 ? "" : ", ",
                      http::ShortName(static_cast<http::ResponseFlag>(flag)));
    }
    place.At("flags", i)
        .Refuse(base::StrCat("unknown flag \"", from.flags(i), "\"; known: ", known));
  }
  return [wanted](const StreamSummary& summary, int) {
    return (summary.response_flags & wanted) != 0;
  };
}

uint32_t GrpcStatusOf(const StreamSummary& summary, int status) {
  if (const auto code = http::grpc::StatusNumber(summary)) return *code;
  return static_cast<uint32_t>(http::grpc::CodeOfHttpStatus(status));
}

StreamCondition ReadGrpcStatus(const GrpcStatusFilter& from) {
  uint32_t wanted = 0;  // a bit for each of the 17 codes
  for (const int code : from.statuses()) {
    if (code >= 0 && code < 32) wanted |= uint32_t{1} << code;
  }
  return [wanted, exclude = from.exclude()](const StreamSummary& summary, int status) {
    const uint32_t code = GrpcStatusOf(summary, status);
    const bool is_listed = code < 32 && (wanted >> code & 1) != 0;
    return is_listed != exclude;
  };
}

std::optional<StreamCondition> Read(const AccessLogFilter& filter, const RuntimeValues& runtime,
                                    const Place& place, int depth);

// And, or: `wanted` is what ends the search.
template <typename Filters>
StreamCondition ReadSeveral(const Filters& filters, bool wanted, const RuntimeValues& runtime,
                            const Place& place, int depth) {
  if (filters.size() < 2) {
    place.At("filters").Refuse(base::StrCat("must hold at least two, got ", filters.size()));
  }
  std::vector<StreamCondition> parts;
  for (int i = 0; i < filters.size(); ++i) {
    auto part = Read(filters[i], runtime, place.At("filters", i), depth + 1);
    if (part) parts.push_back(*std::move(part));
  }
  return [parts = std::move(parts), wanted](const StreamSummary& summary, int status) {
    for (const StreamCondition& part : parts) {
      if (part(summary, status) == wanted) return wanted;
    }
    return !wanted;
  };
}

std::optional<StreamCondition> Read(const AccessLogFilter& filter, const RuntimeValues& runtime,
                                    const Place& place, int depth) {
  if (depth > kMaxDepth) {
    place.Refuse("nested too deeply, at most 20 levels");
    return std::nullopt;
  }
  switch (filter.filter_specifier_case()) {
    case AccessLogFilter::kStatusCodeFilter: {
      const Comparison comparison(filter.status_code_filter().comparison(), runtime);
      return [comparison](const StreamSummary&, int status) { return comparison.Holds(status); };
    }
    case AccessLogFilter::kDurationFilter: {
      const Comparison comparison(filter.duration_filter().comparison(), runtime);
      return [comparison](const StreamSummary& summary, int) {
        return comparison.Holds(DurationMs(summary));
      };
    }
    case AccessLogFilter::kNotHealthCheckFilter:
      return [](const StreamSummary& summary, int) { return !summary.is_health_check; };
    case AccessLogFilter::kRuntimeFilter:
      return ReadRuntime(filter.runtime_filter(), runtime, place.At("runtime_filter"));
    case AccessLogFilter::kAndFilter:
      return ReadSeveral(filter.and_filter().filters(), false, runtime, place.At("and_filter"),
                         depth);
    case AccessLogFilter::kOrFilter:
      return ReadSeveral(filter.or_filter().filters(), true, runtime, place.At("or_filter"), depth);
    case AccessLogFilter::kHeaderFilter: {
      const Place at = place.At("header_filter");
      auto matcher = ReadHeaderMatcher(filter.header_filter().header(), at.At("header"));
      if (!matcher) return std::nullopt;
      return [matcher = *std::move(matcher)](const StreamSummary& summary, int) {
        return summary.request != nullptr && matcher.Matches(*summary.request);
      };
    }
    case AccessLogFilter::kResponseFlagFilter:
      return ReadFlags(filter.response_flag_filter(), place.At("response_flag_filter"));
    case AccessLogFilter::kGrpcStatusFilter:
      return ReadGrpcStatus(filter.grpc_status_filter());
    case AccessLogFilter::FILTER_SPECIFIER_NOT_SET:
      place.Refuse(
          "must hold one of status_code_filter, duration_filter, not_health_check_filter, "
          "runtime_filter, and_filter, or_filter, header_filter, response_flag_filter, "
          "grpc_status_filter");
      return std::nullopt;
    default:  // refused by the schema
      return std::nullopt;
  }
}

}  // namespace

std::optional<StreamCondition> ReadStreamCondition(const AccessLogFilter& filter,
                                                   const RuntimeValues& runtime,
                                                   const Place& place) {
  return Read(filter, runtime, place, 0);
}

}  // namespace outrigger::config
