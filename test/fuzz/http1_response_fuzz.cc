// Responses of any kind, to a client codec on a real connection: in one piece and in random pieces,
// which must not make a difference. The first byte chooses options and the request's method.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

// What was heard of the exchange. Bytes behind it may be seen together with its end or later: how
// the connection ended is not compared.
std::string Run(uint8_t choice, std::string_view input, Cuts cuts) {
  Options options;
  options.enable_trailers = (choice & 1) != 0;
  if ((choice & 2) != 0) {
    options.max_head_bytes = 64;
    options.max_headers = 3;
    options.max_chunk_extension_bytes = 8;
    options.max_informational = 2;
  }
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "CONNECT"};
  ClientHarness client(options);
  // Of the upgrades, "other" has no key to be answered.
  constexpr std::string_view kUpgrades[] = {"", "", "websocket", "other"};
  client.Request(kMethods[(choice >> 2) & 3], "h:1", {}, kUpgrades[(choice >> 4) & 3]);
  client.Send(input, cuts);
  client.FinishSending();
  std::string events = client.events();
  for (const char* end : {"\nreusable\n", "\nnot reusable\n"}) {
    const size_t at = events.find(end);
    if (at != std::string::npos) events.resize(at);
  }
  return events;
}

}  // namespace
}  // namespace outrigger::http::http1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::http::http1;
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Run(data[0], input, Cuts::Whole());
  const std::string cut = Run(data[0], input, Cuts::Random(data[0] * 2654435761u));
  if (whole != cut) std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.c_str(), cut.c_str());
  CHECK(whole == cut);
  return 0;
}
