// The cost of finding a route does not grow with the number of routes: half exact paths, half
// prefixes, as in the h1-bench configuration, asked all over the table.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/base/arena.h"
#include "source/route/route_table.h"

namespace outrigger::route {
namespace {

std::string Service(size_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "/svc-%05zu/", number);
  return text;
}

std::shared_ptr<const RouteTable> TableOf(size_t routes) {
  VirtualHostSpec host{.name = "all", .domains = {"*"}};
  for (size_t i = 0; i < routes; ++i) {
    const bool is_exact = i % 2 == 0;
    PathMatch path{is_exact ? PathMatch::Kind::kExact : PathMatch::Kind::kPrefix, Service(i)};
    if (is_exact) path.text += "1k";
    host.routes.push_back({.path = std::move(path), .action = DirectResponse{}});
  }
  RouteTableSpec spec{.name = "table"};
  spec.virtual_hosts.push_back(std::move(host));
  return *RouteTable::Compile(std::move(spec));
}

void BM_FindRoute(benchmark::State& state) {
  const size_t routes = static_cast<size_t>(state.range(0));
  const auto table = TableOf(routes);
  std::vector<std::string> targets;
  for (size_t i = 0; i < 1024; ++i) targets.push_back(Service(i * 7919 % routes) + "1k");
  base::Arena arena;
  http::RequestHead head(arena);
  head.headers.Add(http::HeaderId::kHost, "example.com");
  size_t next = 0;
  for (auto _ : state) {
    head.target = targets[next++ % targets.size()];
    benchmark::DoNotOptimize(table->Find({.head = head}));
  }
}
BENCHMARK(BM_FindRoute)->Arg(1)->Arg(10)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace outrigger::route
