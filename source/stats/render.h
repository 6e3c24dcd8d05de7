#pragma once

#include "source/stats/chunk_writer.h"
#include "source/stats/listing.h"

// The pages that show a store, as pure functions. Thread: any but a worker, since a page of many
// thousand statistics takes milliseconds.
namespace outrigger::stats {

// Lines `name: value` as Envoy's /stats prints them: texts, then counters and gauges, then
// histograms (`name: P0(interval,cumulative) P25(...) ...`), each sorted by name.
void RenderText(const Store& store, const Selection& selection, Sink sink);

// `{"stats":[{"name":...,"value":...},...,{"histograms":{...}}]}`, Envoy's /stats?format=json.
void RenderJson(const Store& store, const Selection& selection, Sink sink);

}  // namespace outrigger::stats
