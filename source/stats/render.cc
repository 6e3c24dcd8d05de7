#include "source/stats/render.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"

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

// `text` between quotes (RFC 8259, section 7).
void WriteQuoted(std::string_view text, ChunkWriter& out) {
  out << "\"";
  for (const char& c : text) {
    if (c == '"' || c == '\\') {
      out << "\\" << std::string_view(&c, 1);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out << absl::StrFormat("\\u%04x", c);
    } else {
      out << std::string_view(&c, 1);
    }
  }
  out << "\"";
}

void WriteTextHistogram(const Group& group, size_t at, ChunkWriter& out) {
  const HistogramTotals cumulative = group.Cumulative(at);
  if (cumulative.count() == 0) {
    out << " No recorded values\n";
    return;
  }
  const HistogramTotals interval = group.Interval(at);
  for (const auto& [percent, quantile] : kQuantiles) {
    out << " P" << percent << "(" << Number(interval.Quantile(quantile), "nan") << ","
        << Number(cumulative.Quantile(quantile), "nan") << ")";
  }
  out << "\n";
}

void WriteJsonHistogram(std::string_view name, const Group& group, size_t at, ChunkWriter& out) {
  const HistogramTotals cumulative = group.Cumulative(at);
  const HistogramTotals interval = group.Interval(at);
  out << "{\"name\":";
  WriteQuoted(name, out);
  out << ",\"values\":[";
  std::string_view comma = "";
  for (const auto& [percent, quantile] : kQuantiles) {
    out << comma << "{\"interval\":" << Number(interval.Quantile(quantile), "null")
        << ",\"cumulative\":" << Number(cumulative.Quantile(quantile), "null") << "}";
    comma = ",";
  }
  out << "]}";
}

void WriteJsonHistograms(std::span<const GroupPtr> groups, const Selection& selection,
                         std::string_view comma, ChunkWriter& out) {
  bool any = false;
  ForEachMetric(groups, selection, {Kind::kHistogram},
                [&](std::string_view name, const Group& group, size_t at) {
                  if (!any) {
                    out << comma << "{\"histograms\":{\"supported_quantiles\":[";
                    std::string_view between = "";
                    for (const auto& [percent, quantile] : kQuantiles) {
                      out << between << percent;
                      between = ",";
                    }
                    out << "],\"computed_quantiles\":[";
                  }
                  if (any) out << ",";
                  any = true;
                  WriteJsonHistogram(name, group, at, out);
                });
  if (any) out << "]}}";
}

}  // namespace

void RenderText(const Store& store, const Selection& selection, Sink sink) {
  const std::vector<GroupPtr> groups = store.Groups();
  ChunkWriter out(sink);
  ForEachMetric(groups, selection, {Kind::kText},
                [&](std::string_view name, const Group& group, size_t at) {
                  out << name << ": \"" << group.Text(at) << "\"\n";
                });
  ForEachMetric(groups, selection, {Kind::kCounter, Kind::kGauge},
                [&](std::string_view name, const Group& group, size_t at) {
                  out << name << ": " << group.Value(at) << "\n";
                });
  ForEachMetric(groups, selection, {Kind::kHistogram},
                [&](std::string_view name, const Group& group, size_t at) {
                  out << name << ":";
                  WriteTextHistogram(group, at, out);
                });
}

void RenderJson(const Store& store, const Selection& selection, Sink sink) {
  const std::vector<GroupPtr> groups = store.Groups();
  ChunkWriter out(sink);
  std::string_view comma = "";
  out << "{\"stats\":[";
  const auto begin = [&](std::string_view name) {
    out << comma << "{\"name\":";
    WriteQuoted(name, out);
    out << ",\"value\":";
    comma = ",";
  };
  ForEachMetric(groups, selection, {Kind::kText},
                [&](std::string_view name, const Group& group, size_t at) {
                  begin(name);
                  WriteQuoted(group.Text(at), out);
                  out << "}";
                });
  ForEachMetric(groups, selection, {Kind::kCounter, Kind::kGauge},
                [&](std::string_view name, const Group& group, size_t at) {
                  begin(name);
                  out << group.Value(at) << "}";
                });
  WriteJsonHistograms(groups, selection, comma, out);
  out << "]}";
}

}  // namespace outrigger::stats
