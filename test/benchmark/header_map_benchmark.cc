// The header map on the request path: filling it, asking for what is there and what is not.
#include <benchmark/benchmark.h>

#include "source/http/header_map.h"

namespace outrigger::http {
namespace {

constexpr std::string_view kNames[] = {
    "Host",       "User-Agent",      "Accept",          "Accept-Language",  "Accept-Encoding",
    "Connection", "Cookie",          "X-Forwarded-For", "Sec-Fetch-Mode",   "Sec-Fetch-Site",
    "Referer",    "X-Custom-Header", "Cache-Control",   "X-Forwarded-Proto"};

void FindId(benchmark::State& state) {
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(FindHeaderId(kNames[i]));
    i = (i + 1) % (sizeof(kNames) / sizeof(kNames[0]));
  }
}
BENCHMARK(FindId);

void Fill(HeaderMap& map) {
  map.Reserve(20);
  for (const std::string_view name : kNames) map.Add(name, "some value");
}

void FillMap(benchmark::State& state) {
  char first[4096];
  base::Arena arena(first, sizeof(first));
  for (auto _ : state) {
    HeaderMap map(arena);
    Fill(map);
    benchmark::DoNotOptimize(map.size());
    arena.Reset();
  }
}
BENCHMARK(FillMap);

void GetKnown(benchmark::State& state) {
  base::Arena arena;
  HeaderMap map(arena);
  Fill(map);
  for (auto _ : state) benchmark::DoNotOptimize(map.Get(HeaderId::kXForwardedFor));
}
BENCHMARK(GetKnown);

void GetMissing(benchmark::State& state) {
  base::Arena arena;
  HeaderMap map(arena);
  Fill(map);
  for (auto _ : state) benchmark::DoNotOptimize(map.Get(HeaderId::kXRequestId));
}
BENCHMARK(GetMissing);

void GetByName(benchmark::State& state) {
  base::Arena arena;
  HeaderMap map(arena);
  Fill(map);
  for (auto _ : state) benchmark::DoNotOptimize(map.Get("x-custom-header"));
}
BENCHMARK(GetByName);

void SetKnown(benchmark::State& state) {
  base::Arena arena;
  HeaderMap map(arena);
  Fill(map);
  for (auto _ : state) map.Set(HeaderId::kXForwardedProto, "https");
}
BENCHMARK(SetKnown);

}  // namespace
}  // namespace outrigger::http
