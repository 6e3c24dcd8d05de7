#include "source/stats/render.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "source/stats/histogram_render.h"

namespace outrigger::stats {
namespace {

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

void WriteJsonHistograms(std::span<const GroupPtr> groups, const Selection& selection,
                         HistogramForm form, std::string_view comma, ChunkWriter& out) {
  bool any = false;
  ForEachMetric(groups, selection, {Kind::kHistogram},
                [&](std::string_view name, const Group& group, size_t at) {
                  if (any) {
                    out << ",";
                  } else {
                    out << comma;
                    BeginJsonHistograms(form, out);
                  }
                  any = true;
                  out << "{\"name\":";
                  WriteQuoted(name, out);
                  WriteJsonHistogram(form, group, at, out);
                });
  if (any) EndJsonHistograms(form, out);
}

}  // namespace

void RenderText(const Store& store, const Selection& selection, HistogramForm form, Sink sink) {
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
                  WriteTextHistogram(form, group, at, out);
                });
}

void RenderJson(const Store& store, const Selection& selection, HistogramForm form, Sink sink) {
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
  WriteJsonHistograms(groups, selection, form, comma, out);
  out << "]}";
}

}  // namespace outrigger::stats
