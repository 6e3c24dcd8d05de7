// Requests of any kind, to a server codec on a real connection: in one piece and in random pieces,
// which must not make a difference. The first byte chooses options.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

struct Outcome {
  std::string events;
  std::string output;
  bool is_closed;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Run(uint8_t choice, std::string_view input, Cuts cuts) {
  Options options;
  options.allow_http10 = (choice & 1) != 0;
  options.default_host_http10 = "default.test";
  options.enable_trailers = (choice & 2) != 0;
  if ((choice & 4) != 0) {
    options.max_head_bytes = 64;
    options.max_headers = 3;
    options.max_chunk_extension_bytes = 8;
    options.max_discarded_bytes = 16;
  }
  ServerHarness server(options);
  server.answers_at_head = (choice & 8) != 0;
  if ((choice & 16) != 0) {
    server.answer = [](ServerHarness::Stream& stream) {
      stream.RespondHead(stream.is_refused() ? stream.error().status : 200, false);
      stream.RespondBody("some", false);
      stream.RespondBody("thing", true);
    };
  }
  if ((choice & 32) != 0) {
    const ServerHarness::Answer otherwise = server.answer;
    server.answer = [otherwise](ServerHarness::Stream& stream) {
      if (stream.is_refused() || !stream.head().asks_for_tunnel()) return otherwise(stream);
      RespondTunnel(stream);
      stream.RespondBody("opaque", false);
    };
  }
  server.Send(input, cuts);
  server.FinishSending();
  return {server.events(), server.TakeOutput(), server.is_closed()};
}

}  // namespace
}  // namespace outrigger::http::http1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::http::http1;
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Run(data[0], input, Cuts::Whole());
  const Outcome cut = Run(data[0], input, Cuts::Random(data[0] * 2654435761u));
  if (whole != cut) {
    std::fprintf(stderr, "whole:\n%s%s\ncut:\n%s%s\n", whole.events.c_str(), whole.output.c_str(),
                 cut.events.c_str(), cut.output.c_str());
  }
  CHECK(whole == cut);
  CHECK(whole.output.empty() || whole.output.starts_with("HTTP/1.1 "));
  return 0;
}
