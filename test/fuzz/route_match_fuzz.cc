// Lines: routes, then a request. A route line is a kind ('p' prefix, 'e' exact, 's' separated
// prefix, 'r' regex; upper case: case-insensitive) and its text; '+' in front asks for header x: 1.
// A line "d domain" begins the next virtual host. The last line is "host target". The compiled
// table must find what a linear search finds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "test/route/reference_match.h"
#include "test/route/request.h"

namespace outrigger::route {
namespace {

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (lines.size() < 200) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

void AddRoute(std::string_view line, std::vector<ReferenceRoute>& routes) {
  ReferenceRoute route;
  if (line.starts_with('+')) {
    route.header_x = "1";
    line.remove_prefix(1);
  }
  if (line.empty()) return;
  route.path.case_sensitive = (line.front() & 0x20) != 0;
  route.path.text = line.substr(1);
  switch (line.front() | 0x20) {
    case 'p':
      break;
    case 'e':
      route.path.kind = PathMatch::Kind::kExact;
      break;
    case 's':
      route.path.kind = PathMatch::Kind::kSeparatedPrefix;
      break;
    case 'r': {
      auto regex = Regex::Compile(line.substr(1));
      if (!regex.ok()) return;
      route.path.kind = PathMatch::Kind::kRegex;
      route.path.regex = *std::move(regex);
      break;
    }
    default:
      return;
  }
  routes.push_back(std::move(route));
}

}  // namespace
}  // namespace outrigger::route

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::route;
  std::vector<std::string_view> lines = Lines({reinterpret_cast<const char*>(data), size});
  const std::string_view last = lines.back();
  lines.pop_back();
  ReferenceTable reference = {{.domains = {"*"}}};
  for (const std::string_view line : lines) {
    if (line.starts_with("d ")) {
      reference.push_back({.domains = {std::string(line.substr(2))}});
    } else {
      AddRoute(line, reference.back().routes);
    }
  }
  const auto table = RouteTable::Compile(ToSpec(reference));
  if (!table.ok()) return 0;
  const size_t space = last.find(' ');
  const std::string_view target =
      space == std::string_view::npos ? std::string_view("/") : last.substr(space + 1);
  for (const bool has_x : {false, true}) {
    Request request = Request::To(last.substr(0, space), target);
    if (has_x) request.head.headers.Add("x", "1");
    const Route* found = (*table)->Find({.head = request.head});
    const std::string expected = FindLinearly(reference, request.head);
    if ((found == nullptr ? "" : found->spec().name) != expected) std::abort();
  }
  return 0;
}
