#pragma once

#include <functional>
#include <string_view>

namespace outrigger::net::tls {

// Where the secrets of connections go, in the NSS key log format, so that a packet analyser can
// read them: envoy.extensions.transport_sockets.tls.v3.TlsKeyLog. For debugging only. Thread: any;
// `write` must be cheap and thread-safe (access_loggers/LogFiles writes off the workers).
struct KeyLog {
  std::function<void(std::string_view line)> write;  // without the newline
};

}  // namespace outrigger::net::tls
