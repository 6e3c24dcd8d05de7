#include "source/server/admin/stats_pages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/base/text.h"
#include "source/route/regex.h"
#include "source/server/admin/messages.h"
#include "source/stats/prometheus.h"
#include "source/stats/render.h"

namespace outrigger::server {
namespace {

struct KindName {
  std::string_view name;  // as Envoy's `type`
  std::optional<stats::Kind> kind;
};
constexpr auto kKinds = std::to_array<KindName>({{"All", std::nullopt},
                                                 {"Counters", stats::Kind::kCounter},
                                                 {"Gauges", stats::Kind::kGauge},
                                                 {"Histograms", stats::Kind::kHistogram},
                                                 {"TextReadouts", stats::Kind::kText}});

bool EqualButForCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

absl::Status SetKind(const std::string& type, stats::Selection& selection) {
  for (const auto& [name, kind] : kKinds) {
    if (!EqualButForCase(type, name)) continue;
    selection.kind = kind;
    return absl::OkStatus();
  }
  return base::InvalidArgument("type: unknown value \"", type,
                               "\"; known: counters, gauges, histograms, textreadouts, all");
}

struct FormName {
  std::string_view name;  // as Envoy's `histogram_buckets`
  stats::HistogramForm form;
};
constexpr auto kForms = std::to_array<FormName>({{"summary", stats::HistogramForm::kSummary},
                                                 {"cumulative", stats::HistogramForm::kCumulative},
                                                 {"disjoint", stats::HistogramForm::kDisjoint},
                                                 {"detailed", stats::HistogramForm::kDetailed}});

absl::StatusOr<stats::HistogramForm> FormOf(const AdminRequest& request) {
  const std::string wanted = request.Get("histogram_buckets").value_or("summary");
  for (const auto& [name, form] : kForms) {
    if (wanted == name) return form;
  }
  return base::InvalidArgument("histogram_buckets: unknown value \"", wanted,
                               "\"; known: summary, cumulative, disjoint, detailed");
}

// The parameters of Envoy's that choose what we do not have.
absl::Status CheckUnsupported(const AdminRequest& request) {
  if (request.Get("hidden").value_or("") == "showonly") {
    return base::InvalidArgument("hidden: no statistic is hidden; leave it out");
  }
  return absl::OkStatus();
}

absl::StatusOr<stats::Selection> SelectionOf(const AdminRequest& request) {
  if (absl::Status status = CheckUnsupported(request); !status.ok()) return status;
  stats::Selection selection;
  selection.used_only = request.Has("usedonly");
  if (const auto type = request.Get("type")) {
    if (absl::Status status = SetKind(*type, selection); !status.ok()) return status;
  }
  if (const auto filter = request.Get("filter"); filter && !filter->empty()) {
    absl::StatusOr<route::Regex> regex = route::Regex::Compile(*filter);
    if (!regex.ok()) {
      return base::InvalidArgument("filter: ", base::StdView(regex.status().message()));
    }
    selection.admits = [regex = *std::move(regex)](std::string_view name) {
      return regex.Search(name);
    };
  }
  return selection;
}

AdminReply ServePrometheus(const stats::Store& store, const AdminRequest& request) {
  if (request.Get("histogram_buckets").value_or("cumulative") != "cumulative") {
    return BadRequest(base::InvalidArgument("histogram_buckets: Prometheus has only cumulative"));
  }
  absl::StatusOr<stats::Selection> selection = SelectionOf(request);
  if (!selection.ok()) return BadRequest(selection.status());
  stats::PrometheusOptions options{.text_readouts = request.Has("text_readouts")};
  const std::string flavor = request.Get("flavor").value_or("promtool");
  if (flavor == "envoy") {
    options.flavor = stats::Flavor::kEnvoy;
  } else if (flavor != "promtool") {
    return BadRequest(
        base::InvalidArgument("flavor: unknown value \"", flavor, "\"; known: promtool, envoy"));
  }
  AdminReply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  stats::RenderPrometheus(store, *selection, options,
                          [&reply](std::string_view chunk) { reply.body.Append(chunk); });
  return reply;
}

AdminReply ServeStats(const stats::Store& store, const AdminRequest& request) {
  const std::string format = request.Get("format").value_or("text");
  if (format == "prometheus") return ServePrometheus(store, request);
  if (format != "text" && format != "json") {
    return BadRequest(base::InvalidArgument("format: unknown value \"", format,
                                            "\"; known: text, json, prometheus"));
  }
  absl::StatusOr<stats::Selection> selection = SelectionOf(request);
  if (!selection.ok()) return BadRequest(selection.status());
  const absl::StatusOr<stats::HistogramForm> form = FormOf(request);
  if (!form.ok()) return BadRequest(form.status());
  AdminReply reply;
  const auto sink = [&reply](std::string_view chunk) { reply.body.Append(chunk); };
  if (format == "json") {
    reply.content_type = "application/json";
    stats::RenderJson(store, *selection, *form, sink);
  } else {
    stats::RenderText(store, *selection, *form, sink);
  }
  return reply;
}

}  // namespace

void AddStatsPages(Admin& admin, stats::Store& store, std::function<void()> update_gauges) {
  admin.Add({.path = "/stats",
             .about = "every statistic",
             .parameters = {{"filter", "a regular expression that part of the name matches"},
                            {"usedonly", "only what was written since the start"},
                            {"format", "text (default), json or prometheus"},
                            {"type", "counters, gauges, histograms, textreadouts or all"},
                            {"histogram_buckets",
                             "summary (default: quantiles), cumulative, disjoint or detailed"},
                            {"text_readouts", "with format=prometheus, as /stats/prometheus"},
                            {"flavor", "with format=prometheus, as /stats/prometheus"},
                            {"hidden", "Envoy's; no statistic is hidden"}},
             .serve = [&store, update_gauges](const AdminRequest& request) {
               update_gauges();
               return ServeStats(store, request);
             }});
  admin.Add(
      {.path = "/stats/prometheus",
       .about = "statistics for Prometheus",
       .parameters = {{"filter", "a regular expression that part of the dotted name matches"},
                      {"usedonly", "only what was written since the start"},
                      {"text_readouts", "texts too, as labels"},
                      {"flavor", "promtool (default): passes its check; envoy: Envoy's types"},
                      {"type", "counters, gauges, histograms, textreadouts or all"},
                      {"histogram_buckets", "cumulative, the only form of Prometheus"},
                      {"hidden", "Envoy's; no statistic is hidden"}},
       .serve = [&store, update_gauges = std::move(update_gauges)](const AdminRequest& request) {
         update_gauges();
         return ServePrometheus(store, request);
       }});
  admin.Add({.path = "/reset_counters",
             .about = "set every counter to 0",
             .changes = true,
             .serve = [&store](const AdminRequest&) {
               store.ResetCounters();
               return AdminReply::Text("OK\n");
             }});
}

}  // namespace outrigger::server
