#pragma once

#include <string>
#include <string_view>

#include "source/http/stream_summary.h"

namespace outrigger::http {

std::string_view ShortName(ResponseFlag flag);  // "UH"
std::string_view LongName(ResponseFlag flag);   // "NoHealthyUpstream"

// The flags that are set, joined with ','; nothing when there are none.
void AppendShortFlags(const StreamSummary& summary, std::string& out);
void AppendLongFlags(const StreamSummary& summary, std::string& out);

}  // namespace outrigger::http
