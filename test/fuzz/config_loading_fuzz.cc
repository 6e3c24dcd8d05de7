// Loads arbitrary text as a config. Whatever loads must also survive being shown, redacted,
// searched for unknown fields, and read back from its own JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/loading/message_json.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/redaction.h"
#include "source/config/loading/unknown_fields.h"
#include "source/config/loading/unpack_any.h"
#include "test/config/loading/test.pb.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace loading = outrigger::loading;
  using outrigger::loading::test::Server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  std::vector<std::string> unknown;
  loading::LoadOptions options{.file = "fuzz"};
  options.unknown_fields = &unknown;
  const absl::StatusOr<loading::Node> root =
      loading::ParseDocument(text, "fuzz", {.bytes = 1 << 16, .nodes = 10'000, .depth = 50});
  Server server;
  if (!root.ok() || !loading::LoadMessage(*root, server, options).ok()) return 0;

  Server inner;
  if (loading::UnpackAny(server.config(), inner).ok()) (void)inner.ByteSizeLong();
  Require(loading::FindUnknownFields(server).empty());
  const absl::StatusOr<std::string> json = loading::MessageToJson(server);
  if (json.ok()) {
    Server again;
    Require(loading::LoadMessageFromText(*json, again).ok());
  }
  loading::Redact(server);
  return 0;
}
