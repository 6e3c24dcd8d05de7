// Bytes from a control plane, as both protocols read them, through to compiling and answering.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/xds/refusal_text.h"
#include "source/xds/response_compiler.h"
#include "test/xds/messages.h"

namespace outrigger::xds {
namespace {

// The first byte chooses protocol and kind of type; the rest is sent twice, so that the second time
// meets what the first one left.
void Run(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<uint8_t>(input.front());
  const Protocol protocol = (choice & 1) != 0 ? Protocol::kDelta : Protocol::kSotw;
  const ResourceType type = test::NodeType((choice & 2) != 0);
  ResponseCompiler compiler(protocol, {&type}, {.count = 8, .bytes = 4096});
  for (int round = 0; round < 2; ++round) {
    const Outcome outcome = compiler.Compile(input.substr(1));
    const std::string text =
        RefusalText(outcome.update.refused, outcome.resource_count, outcome.overflow);
    CHECK(text.size() <= kMaxRefusalBytes);
    CHECK(outcome.taken.size() == outcome.update.changed.size());
    if (round == 1) CHECK(outcome.update.changed.empty() || !outcome.update.removed.empty());
  }
}

}  // namespace
}  // namespace outrigger::xds

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::xds::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
