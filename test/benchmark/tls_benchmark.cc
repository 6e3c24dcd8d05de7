// What TLS costs without sockets: handshakes, records, contexts, and what an idle connection holds.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "source/base/check.h"
#include "source/base/text.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

std::shared_ptr<ServerContexts> ServingWith(const Counted& counted, const char* certificate) {
  ServerSettings settings = PlainServer(counted);
  settings.certificates = {Cert(certificate)};
  return Serving(settings);
}

// Both sides of a handshake, with a byte each way; of that, `resumed` does without certificates.
void RunHandshake(benchmark::State& state, const char* certificate, bool is_resumed) {
  Counted counted;
  const auto serving = ServingWith(counted, certificate);
  ClientSettings settings = PlainClient(counted);
  if (!is_resumed) settings.max_session_keys = 0;
  const auto calling = Calling(settings);
  const auto meet = [&] {
    Pair pair(*serving, *calling);
    pair.Shake();
    pair.Say(pair.server(), "x");
    CHECK(pair.is_open());
  };
  meet();
  for (auto _ : state) meet();
  CHECK(is_resumed == (counted["session_reused"] > 0));
}
void BM_HandshakeFull(benchmark::State& state) { RunHandshake(state, "server", false); }
void BM_HandshakeFullRsa(benchmark::State& state) { RunHandshake(state, "server_rsa", false); }
void BM_HandshakeResumed(benchmark::State& state) { RunHandshake(state, "server", true); }
BENCHMARK(BM_HandshakeFull);
BENCHMARK(BM_HandshakeFullRsa);
BENCHMARK(BM_HandshakeResumed);

// Sealing and opening one message of `range(0)` bytes.
void BM_SealAndOpen(benchmark::State& state) {
  Counted counted;
  Pair pair(*ServingWith(counted, "server"), *Calling(PlainClient(counted)));
  pair.Shake();
  const std::string text(static_cast<size_t>(state.range(0)), 'x');
  const base::Slice slice = base::Slice::Copy(text);
  for (auto _ : state) {
    base::Buffer plain;
    plain.Append(slice);
    while (!plain.empty()) {
      pair.server().Seal(plain);
      pair.Move();
    }
    pair.client_plain().Clear();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_SealAndOpen)->Arg(100)->Arg(1024)->Arg(64 * 1024);

void BM_Seal(benchmark::State& state) {
  Counted counted;
  Pair pair(*ServingWith(counted, "server"), *Calling(PlainClient(counted)));
  pair.Shake();
  const base::Slice slice =
      base::Slice::Copy(std::string(static_cast<size_t>(state.range(0)), 'x'));
  for (auto _ : state) {
    base::Buffer plain;
    plain.Append(slice);
    pair.server().Seal(plain);
    pair.server().wire().Clear();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_Seal)->Arg(100)->Arg(1024)->Arg(64 * 1024);

// A thousand contexts that differ in one setting.
void BM_ThousandContexts(benchmark::State& state) {
  Counted counted;
  for (auto _ : state) {
    std::vector<std::shared_ptr<const ServerContext>> contexts;
    for (int i = 0; i < 1000; ++i) {
      ServerSettings settings = PlainServer(counted);
      settings.trust = TrustIn("root");
      settings.application_protocols = {base::StrCat("p", i)};
      contexts.push_back(*ServerContext::Make(settings));
    }
    benchmark::DoNotOptimize(contexts);
  }
}
BENCHMARK(BM_ThousandContexts)->Unit(benchmark::kMillisecond);

// What one transport of an idle connection holds, half of what a pair does.
void BM_IdleConnections(benchmark::State& state) {
  Counted counted;
  const auto serving = ServingWith(counted, "server");
  const auto calling = Calling(PlainClient(counted));
  constexpr size_t kPairs = 10'000;
  for (auto _ : state) {
    std::vector<std::unique_ptr<Transport>> ends;
    size_t before = 0;
    for (size_t i = 0; i < kPairs + 100; ++i) {
      if (i == 100) before = ResidentBytes();  // what is made once is there
      auto server = serving->Make();
      auto client = calling->Make({});
      Pair pair(std::move(server), std::move(client));
      pair.Shake();
      pair.Say(pair.client(), "request");
      pair.Say(pair.server(), "response");
      CHECK(pair.is_open());
      auto [server_end, client_end] = pair.Release();
      ends.push_back(std::move(server_end));
      ends.push_back(std::move(client_end));
    }
    state.counters["bytes_per_end"] = static_cast<double>(ResidentBytes() - before) / (2 * kPairs);
  }
}
BENCHMARK(BM_IdleConnections)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace outrigger::net::tls
