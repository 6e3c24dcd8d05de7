#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "source/net/tls/boring.h"
#include "source/net/tls/settings.h"

namespace outrigger::net::tls {

// Errors name the setting and the value that BoringSSL does not know.
absl::Status Apply(const Parameters& parameters, SSL_CTX* context);
void AddTo(Sha256Of& hash, const Parameters& parameters);
void AddTo(Sha256Of& hash, const std::vector<std::string>& list);

// ALPN's form: each with its length in front. Errors: empty, or longer than 255 bytes.
absl::Status AppendProtocol(std::string_view protocol, std::string& wire);

}  // namespace outrigger::net::tls
