#include "source/server/secret_type.h"

#include <utility>
#include <vector>

#include "source/base/text.h"

namespace outrigger::server {
namespace {

std::vector<xds::RefusedResource> Apply(SecretSet& secrets, const net::tls::SecretSource& source,
                                        xds::Update update) {
  std::vector<xds::RefusedResource> refused;
  for (xds::ReadyResource& resource : update.changed) {
    const absl::Status status = secrets.Set(
        source, std::static_pointer_cast<const net::tls::Secret>(resource.compiled));
    if (status.ok()) continue;
    refused.push_back({.name = std::move(resource.name),
                       .version = std::move(resource.version),
                       .body = std::move(resource.body),
                       .reason = std::string(base::StdView(status.message()))});
  }
  // A removed secret serves on, as with Envoy: nothing else could.
  return refused;
}

}  // namespace

xds::ResourceType SecretType(SecretSet& secrets, net::tls::SecretSource source,
                             CompileSecret compile) {
  return {.url = kSecretType,
          .compile = std::move(compile),
          .apply =
              [&secrets, source](xds::Update update) {
                return Apply(secrets, source, std::move(update));
              },
          .timed_out =
              [&secrets, source](const std::vector<std::string>& names) {
                for (const std::string& name : names) secrets.StopWaiting(source, name);
              },
          .scope = [](std::string_view name) { return SecretScope(name); }};
}

}  // namespace outrigger::server
