// A file of secrets: whatever is in it, an error shows none of what it quotes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "source/base/check.h"
#include "source/server/secret_files.h"

namespace outrigger::fuzz {
namespace {

using envoy::extensions::transport_sockets::tls::v3::Secret;

// Takes any secret, and reads no file that it names.
absl::StatusOr<xds::ResourceType::Compiled> NameOf(const google::protobuf::Any& body) {
  Secret secret;
  CHECK(body.UnpackTo(&secret));  // it was packed from one
  return xds::ResourceType::Compiled{.name = secret.name()};
}

void Run(std::string_view text) {
  const auto read = server::ParseSecretFile(text, "f", NameOf);
  if (read.ok()) return;
  const std::string_view error(read.status().message().data(), read.status().message().size());
  CHECK(!error.empty());
  // Quotes come in pairs, with nothing but the mark between them.
  for (size_t at = error.find('"'); at != error.npos; at = error.find('"', at)) {
    constexpr std::string_view kMark = "\"[redacted]\"";
    CHECK(error.substr(at, kMark.size()) == kMark);
    at += kMark.size();
  }
}

}  // namespace
}  // namespace outrigger::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
