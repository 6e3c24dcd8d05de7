// A small unary call through the transcoder's translation: what a request and a response cost.

#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.pb.h"
#include "source/base/arena.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/extensions/http_filters/grpc_json_transcoder/path_trie.h"
#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"
#include "test/extensions/http_filters/grpc_json_transcoder/descriptor_set.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library.pb.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace library = test::library;

std::unique_ptr<const Transcoding> MakeLibrary() {
  Transcoding::Config config;
  config.set_proto_descriptor_bin(
      DescriptorSetOf(*library::Shelf::descriptor()->file()).SerializeAsString());
  config.add_services("outrigger.test.library.Library");
  config::Findings findings;
  auto made = Transcoding::Read(config, config::Place(findings));
  CHECK(made != nullptr);
  return made;
}

void Request(benchmark::State& state, const char* method, const char* target, const char* body) {
  const auto transcoding = MakeLibrary();
  base::Arena arena;
  http::RequestHead head(arena);
  head.method_text = method;
  head.target = target;
  for (auto _ : state) {
    auto call = transcoding->Understand(head);
    CHECK(call.ok() && call->rule != nullptr);
    auto message = transcoding->ToMessage(*call->rule, &*call, {}, body);
    CHECK(message.ok());
    benchmark::DoNotOptimize(message);
  }
}

void BM_RequestByPath(benchmark::State& state) { Request(state, "GET", "/v1/shelves/12345", ""); }
BENCHMARK(BM_RequestByPath);

void BM_RequestWithBody(benchmark::State& state) {
  Request(state, "POST", "/v1/shelves", R"({"id":"12345","theme":"a small message"})");
}
BENCHMARK(BM_RequestWithBody);

void BM_Response(benchmark::State& state) {
  const auto transcoding = MakeLibrary();
  base::Arena arena;
  http::RequestHead head(arena);
  head.target = "/v1/shelves/12345";
  const auto call = transcoding->Understand(head);
  library::Shelf shelf;
  shelf.set_id(12345);
  shelf.set_theme("a small message");
  const std::string message = shelf.SerializeAsString();
  for (auto _ : state) {
    std::string content_type;
    auto json = transcoding->FromMessage(*call->rule, message, content_type);
    CHECK(json.ok());
    benchmark::DoNotOptimize(json);
  }
}
BENCHMARK(BM_Response);

// The cost must not grow with the number of templates.
void BM_Match(benchmark::State& state) {
  PathTrie trie;
  for (int64_t i = 0; i < state.range(0); ++i) {
    CHECK(!trie.Add("GET", *PathTemplate::Parse(base::StrCat("/v1/things", i, "/{a}/parts/{b}")),
                    static_cast<uint32_t>(i)));
  }
  for (auto _ : state) {
    auto match = trie.Find("GET", "/v1/things7/12345/parts/678", true);
    CHECK(match.has_value());
    benchmark::DoNotOptimize(match);
  }
}
BENCHMARK(BM_Match)->Arg(10)->Arg(1000)->Arg(100000);

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
