#pragma once

#include "source/downstream/http_options.h"
#include "source/http/header_map.h"
#include "source/net/transport.h"

namespace outrigger::downstream {

// Puts x-forwarded-client-cert of a request in order, as Envoy does: `By=` our URI, `Hash=` the
// SHA-256 of the certificate that the client showed, then what the options ask for, joined by ";".
// Proxies behind each other are joined by ",". Values that hold "," ";" "=" or a quote are quoted:
// a name in a certificate cannot pass for another element. `transport` is that of the client's
// connection; null: plain bytes, which prove nothing. The value lives in the headers' arena.
void ForwardClientCertificate(http::HeaderMap& headers, const ClientCertificateOptions& options,
                              net::Transport* transport);

}  // namespace outrigger::downstream
