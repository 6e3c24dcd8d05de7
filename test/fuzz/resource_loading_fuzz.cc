// A resource as a control plane sends it, decoded and compiled with all extensions. The first byte
// chooses the type; "S" is a secret.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/check.h"
#include "source/config/secret_config.h"
#include "test/fuzz/compile_world.h"

namespace outrigger::fuzz {
namespace {

template <typename Proto, typename Compile>
void Try(std::string_view bytes, Compile compile) {
  Proto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto compiled = compile(proto);
  CHECK(compiled.ok() || !compiled.status().message().empty());
}

// A log file is opened while its logger is compiled: no path of the input may reach the disk.
bool HasAccessLog(std::string_view bytes) {
  return bytes.find("FileAccessLog") != std::string_view::npos;
}

void Run(std::string_view input) {
  if (input.empty() || HasAccessLog(input)) return;
  CompileWorld world;
  const config::Compiler compiler(world.registry, world.clock, world.store, world.names);
  const std::string_view bytes = input.substr(1);
  if (input.front() == 'S') {
    return Try<envoy::extensions::transport_sockets::tls::v3::Secret>(
        bytes, [](const auto& secret) { return config::CompileSecret(secret); });
  }
  switch (static_cast<uint8_t>(input.front()) % 4) {
    case 0:
      return Try<envoy::config::cluster::v3::Cluster>(
          bytes, [&](const auto& cluster) { return compiler.Cluster(cluster, true); });
    case 1:
      return Try<envoy::config::endpoint::v3::ClusterLoadAssignment>(
          bytes, [&](const auto& assignment) { return compiler.Endpoints(assignment); });
    case 2:
      return Try<envoy::config::listener::v3::Listener>(
          bytes, [&](const auto& listener) { return compiler.Listener(listener); });
    default:
      return Try<envoy::config::route::v3::RouteConfiguration>(
          bytes, [&](const auto& routes) { return compiler.Routes(routes); });
  }
}

}  // namespace
}  // namespace outrigger::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
