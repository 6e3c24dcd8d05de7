#include <benchmark/benchmark.h>
#include <sys/uio.h>

#include <string>

#include "source/base/buffer.h"

namespace outrigger::base {
namespace {

// What a kept-alive response costs the output: a head, a body out of the read block, one writev.
void HeadAndBodyThroughOutput(benchmark::State& state) {
  const std::string head(250, 'h');
  Block* block = Block::New(Block::kReadBytes);
  const size_t body = static_cast<size_t>(state.range(0));
  Buffer output;
  for (auto _ : state) {
    output.Append(head);
    output.Append(Slice(block, block->begin(), body));
    iovec parts[64];
    benchmark::DoNotOptimize(output.FillIovec(absl::MakeSpan(parts)));
    output.RemovePrefix(output.size());
  }
  block->Unref();
}
BENCHMARK(HeadAndBodyThroughOutput)->Arg(128)->Arg(2048)->Arg(65536);

// A body that is handed from one buffer to the next, as from input to output.
void MoveBetweenBuffers(benchmark::State& state) {
  Block* block = Block::New(Block::kReadBytes);
  Buffer from, to;
  for (auto _ : state) {
    from.Append(Slice(block, block->begin(), 60'000));
    to.AppendPrefixOf(from, 40'000);
    to.Append(std::move(from));
    to.RemovePrefix(to.size());
  }
  block->Unref();
}
BENCHMARK(MoveBetweenBuffers);

void NewBlock(benchmark::State& state) {
  for (auto _ : state) {
    Block* block = Block::New(static_cast<size_t>(state.range(0)));
    benchmark::DoNotOptimize(block);
    block->Unref();
  }
}
BENCHMARK(NewBlock)->Arg(Block::kHeadBytes)->Arg(Block::kReadBytes)->Arg(16 * 1024);

}  // namespace
}  // namespace outrigger::base
