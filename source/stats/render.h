#pragma once

#include <cstdint>

#include "source/stats/chunk_writer.h"
#include "source/stats/listing.h"

// The pages that show a store, as pure functions. Thread: any but a worker, since a page of many
// thousand statistics takes milliseconds.
namespace outrigger::stats {

// How a histogram is shown: for its last interval and for all time, each time
enum class HistogramForm : uint8_t {
  kSummary,     // quantiles
  kCumulative,  // for each of kHistogramBounds, the values at most as large
  kDisjoint,    // ... and above the bound before it; those above the last one are left out
  kDetailed,    // its own buckets, and quantiles
};

// Lines `name: value` as Envoy's /stats prints them: texts, then counters and gauges, then
// histograms (`name: P0(interval,cumulative) P25(...) ...`), each sorted by name.
void RenderText(const Store& store, const Selection& selection, HistogramForm form, Sink sink);

// `{"stats":[{"name":...,"value":...},...,{"histograms":{...}}]}`, Envoy's /stats?format=json.
void RenderJson(const Store& store, const Selection& selection, HistogramForm form, Sink sink);

}  // namespace outrigger::stats
