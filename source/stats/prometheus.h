#pragma once

#include "source/stats/chunk_writer.h"
#include "source/stats/listing.h"

// The text exposition format of Prometheus, version 0.0.4.
namespace outrigger::stats {

// Envoy's names break Prometheus' naming rules here and there, and `promtool check metrics` exits
// with 3 at the first of them. Names that dashboards and alerts use are worth more than the rules,
// so what can be had without renaming is, and the rest is a choice:
enum class Flavor {
  // `promtool check metrics` exits with 0. Against Envoy:
  //  - a counter that does not end in `_total`, or a gauge that does (or ends in `_count`, `_sum`,
  //    `_bucket`), keeps its name and is typed `untyped`. Queries do not see types: rate() works.
  //  - units that promtool refuses are left out of names: `envoy_cluster_upstream_cx_length_ms` is
  //    `envoy_cluster_upstream_cx_length`, still in milliseconds; the HELP line says the true name.
  //    So are words that name a type (`gauge`), and names are in lower case.
  kPromtool,
  // Every name and every type exactly as Envoy has them.
  kEnvoy,
};

struct PrometheusOptions {
  Flavor flavor = Flavor::kPromtool;
  // Show texts too, as gauges of value 0 with the text in the label `text_value`.
  bool text_readouts = false;
};

// Each family once, with HELP and TYPE: numbers by name, then histograms by name. A family in which
// `selection` admits nothing is left out. The selection sees the dotted names.
void RenderPrometheus(const Store& store, const Selection& selection,
                      const PrometheusOptions& options, Sink sink);

}  // namespace outrigger::stats
