// Any format, and any value in a header of the stream it prints: a text line holds no more line
// ends than its format, a JSON line is JSON. The format ends at the first zero byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/http/access_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string format(input.substr(0, input.find('\0')));
  const std::string_view value = input.substr(std::min(input.size(), format.size() + 1));

  base::Arena arena;
  http::RequestHead request(arena);
  request.target = value;
  request.headers.Add("x", value);
  http::StreamSummary summary;
  summary.request = &request;
  summary.detail = value;

  const auto text = http::AccessFormat::Text(format);
  if (text.ok()) {
    std::string line;
    text->Append(summary, line);
    // A time format may print line ends of its own: %n.
    const bool prints_times = format.find("_TIME(") != std::string::npos;
    const auto count = [](std::string_view in) { return std::count(in.begin(), in.end(), '\n'); };
    CHECK(prints_times || count(line) <= count(format));
  }
  const http::FormatTree tree{http::FormatTree::Object{{format, {format}}}};
  const auto json = http::AccessFormat::Json(tree);
  CHECK(json.ok() == text.ok());
  if (json.ok()) {
    std::string line;
    json->Append(summary, line);
    CHECK(nlohmann::json::accept(line));
  }
  return 0;
}
