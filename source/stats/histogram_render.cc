#include "source/stats/histogram_render.h"

#include <array>
#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "source/stats/histogram_bounds.h"

namespace outrigger::stats {
namespace {

struct ShownQuantile {
  std::string_view percent;
  double quantile;
};
constexpr auto kQuantiles = std::to_array<ShownQuantile>({{"0", 0},
                                                          {"25", 0.25},
                                                          {"50", 0.5},
                                                          {"75", 0.75},
                                                          {"90", 0.9},
                                                          {"95", 0.95},
                                                          {"99", 0.99},
                                                          {"99.5", 0.995},
                                                          {"99.9", 0.999},
                                                          {"100", 1}});

// As short as it can be, never with an exponent; buckets are not worth more than two decimals.
std::string Number(double value, std::string_view nan) {
  if (std::isnan(value)) return std::string(nan);
  std::string text = absl::StrFormat("%.2f", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

// Shows each bound with the values at most as large, or only those above the bound before it.
template <typename See>
void ForEachBound(const HistogramTotals& interval, const HistogramTotals& cumulative,
                  bool is_disjoint, See see) {
  uint64_t interval_before = 0, cumulative_before = 0;
  for (const HistogramBound& bound : kHistogramBounds) {
    const uint64_t in_interval = interval.CountUpTo(bound.value);
    const uint64_t in_all = cumulative.CountUpTo(bound.value);
    see(bound.text, in_interval - interval_before, in_all - cumulative_before);
    if (!is_disjoint) continue;
    interval_before = in_interval;
    cumulative_before = in_all;
  }
}

void WriteTextQuantiles(const HistogramTotals& interval, const HistogramTotals& cumulative,
                        ChunkWriter& out) {
  std::string_view space = "";
  for (const auto& [percent, quantile] : kQuantiles) {
    out << space << "P" << percent << "(" << Number(interval.Quantile(quantile), "nan") << ","
        << Number(cumulative.Quantile(quantile), "nan") << ")";
    space = " ";
  }
}

// `low,width:count, ...`
void WriteTextBuckets(std::string_view name, const HistogramTotals& totals, ChunkWriter& out) {
  out << "\n  " << name << "=";
  std::string_view comma = "";
  totals.ForEachBucket([&](uint64_t low, uint64_t width, uint64_t count) {
    out << comma << low << "," << width << ":" << count;
    comma = ", ";
  });
}

void WriteJsonQuantiles(const HistogramTotals& interval, const HistogramTotals& cumulative,
                        ChunkWriter& out) {
  std::string_view comma = "";
  for (const auto& [percent, quantile] : kQuantiles) {
    out << comma << "{\"interval\":" << Number(interval.Quantile(quantile), "null")
        << ",\"cumulative\":" << Number(cumulative.Quantile(quantile), "null") << "}";
    comma = ",";
  }
}

void WriteJsonBuckets(const HistogramTotals& totals, ChunkWriter& out) {
  std::string_view comma = "";
  totals.ForEachBucket([&](uint64_t low, uint64_t width, uint64_t count) {
    out << comma << "{\"lower_bound\":" << low << ",\"width\":" << width << ",\"count\":" << count
        << "}";
    comma = ",";
  });
}

void WritePercents(ChunkWriter& out) {
  std::string_view comma = "";
  for (const auto& [percent, quantile] : kQuantiles) {
    out << comma << percent;
    comma = ",";
  }
}

}  // namespace

void WriteTextHistogram(HistogramForm form, const Group& group, size_t at, ChunkWriter& out) {
  const HistogramTotals cumulative = group.Cumulative(at);
  const HistogramTotals interval = group.Interval(at);
  switch (form) {
    case HistogramForm::kSummary:
      if (cumulative.count() == 0) {
        out << " No recorded values";
        break;
      }
      out << " ";
      WriteTextQuantiles(interval, cumulative, out);
      break;
    case HistogramForm::kCumulative:
    case HistogramForm::kDisjoint:
      ForEachBound(interval, cumulative, form == HistogramForm::kDisjoint,
                   [&](std::string_view bound, uint64_t in_interval, uint64_t in_all) {
                     out << " B" << bound << "(" << in_interval << "," << in_all << ")";
                   });
      break;
    case HistogramForm::kDetailed:
      WriteTextBuckets("totals", cumulative, out);
      WriteTextBuckets("intervals", interval, out);
      out << "\n  summary=";
      WriteTextQuantiles(interval, cumulative, out);
      break;
  }
  out << "\n";
}

void BeginJsonHistograms(HistogramForm form, ChunkWriter& out) {
  switch (form) {
    case HistogramForm::kSummary:
      out << "{\"histograms\":{\"supported_quantiles\":[";
      WritePercents(out);
      out << "],\"computed_quantiles\":[";
      break;
    case HistogramForm::kDetailed:
      out << "{\"histograms\":{\"supported_percentiles\":[";
      WritePercents(out);
      out << "],\"details\":[";
      break;
    case HistogramForm::kCumulative:
    case HistogramForm::kDisjoint:
      out << "{\"histograms\":[";
      break;
  }
}

void EndJsonHistograms(HistogramForm form, ChunkWriter& out) {
  const bool has_head = form == HistogramForm::kSummary || form == HistogramForm::kDetailed;
  out << (has_head ? "]}}" : "]}");
}

void WriteJsonHistogram(HistogramForm form, const Group& group, size_t at, ChunkWriter& out) {
  const HistogramTotals cumulative = group.Cumulative(at);
  const HistogramTotals interval = group.Interval(at);
  std::string_view comma = "";
  switch (form) {
    case HistogramForm::kSummary:
      out << ",\"values\":[";
      WriteJsonQuantiles(interval, cumulative, out);
      break;
    case HistogramForm::kCumulative:
    case HistogramForm::kDisjoint:
      out << ",\"buckets\":[";
      ForEachBound(interval, cumulative, form == HistogramForm::kDisjoint,
                   [&](std::string_view bound, uint64_t in_interval, uint64_t in_all) {
                     out << comma << "{\"upper_bound\":" << bound << ",\"interval\":" << in_interval
                         << ",\"cumulative\":" << in_all << "}";
                     comma = ",";
                   });
      break;
    case HistogramForm::kDetailed:
      out << ",\"totals\":[";
      WriteJsonBuckets(cumulative, out);
      out << "],\"intervals\":[";
      WriteJsonBuckets(interval, out);
      out << "],\"percentiles\":[";
      WriteJsonQuantiles(interval, cumulative, out);
      break;
  }
  out << "]}";
}

}  // namespace outrigger::stats
