// What an HTTP/2 client may send to a server session, behind its preface or instead of it: in one
// piece and in random pieces, which must not make a difference, unless small limits make one: what
// is over by the next piece counts no more. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "test/http/http2/server_harness.h"

namespace outrigger::http::http2 {
namespace {

std::string Run(uint8_t choice, std::string_view input, Cuts cuts) {
  Options options;
  options.allow_connect = (choice & 1) != 0;
  if ((choice & 2) != 0) {
    options.max_head_bytes = 200;
    options.max_headers = 3;
    options.max_concurrent_streams = 2;
    options.max_resets = 3;
    options.max_idle_frames = 20;
    options.stream_window_bytes = 100;
    options.stream_output_high_bytes = 10;
  }
  ServerHarness server(options);
  if ((choice & 4) != 0) server.answer = nullptr;
  server.answers_at_head = (choice & 8) != 0;
  if ((choice & 16) == 0) server.Send(Hello());
  server.Send(input, cuts);
  if ((choice & 32) != 0) server.session().Drain();
  server.FinishSending();
  CHECK(server.is_over() || !server.is_closed());
  return server.events();
}

}  // namespace
}  // namespace outrigger::http::http2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::http::http2;
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Run(data[0], input, Cuts::Whole());
  const std::string cut = Run(data[0], input, Cuts::Random(data[0] * 2654435761u));
  const bool has_small_limits = (data[0] & 2) != 0;
  if (whole != cut && !has_small_limits) {
    std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.c_str(), cut.c_str());
  }
  CHECK(has_small_limits || whole == cut);
  return 0;
}
