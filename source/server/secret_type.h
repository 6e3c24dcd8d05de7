#pragma once

#include <functional>
#include <string_view>

#include "source/server/secret_set.h"
#include "source/xds/resource_type.h"

namespace outrigger::server {

inline constexpr std::string_view kSecretType =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

// Decodes and compiles one Secret; the object is a net::tls::Secret. Compile thread.
using CompileSecret =
    std::function<absl::StatusOr<xds::ResourceType::Compiled>(const google::protobuf::Any& body)>;

// Secrets of one source, for the xDS client that it is served by. `secrets` outlives the client.
xds::ResourceType SecretType(SecretSet& secrets, net::tls::SecretSource source,
                             CompileSecret compile);

}  // namespace outrigger::server
