#pragma once

#include "source/stats/chunk_writer.h"
#include "source/stats/render.h"

// The histograms' part of the pages in render.h.
namespace outrigger::stats {

// What follows `name:`, with the end of the line.
void WriteTextHistogram(HistogramForm form, const Group& group, size_t at, ChunkWriter& out);

// Around the objects of all histograms.
void BeginJsonHistograms(HistogramForm form, ChunkWriter& out);
void EndJsonHistograms(HistogramForm form, ChunkWriter& out);
// What follows `{"name":"..."`, with the closing brace.
void WriteJsonHistogram(HistogramForm form, const Group& group, size_t at, ChunkWriter& out);

}  // namespace outrigger::stats
