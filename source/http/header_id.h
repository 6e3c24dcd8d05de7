#pragma once

#include <cstdint>
#include <string_view>

namespace outrigger::http {

// The names that the proxy itself looks at. At most 63, so that their presence fits one word.
// X(enumerator, spelling on HTTP/1 when we add it ourselves)
#define OUTRIGGER_KNOWN_HEADERS(X)                                              \
  X(kHost, "host")                                                              \
  X(kConnection, "connection")                                                  \
  X(kContentLength, "content-length")                                           \
  X(kTransferEncoding, "transfer-encoding")                                     \
  X(kTe, "te")                                                                  \
  X(kTrailer, "trailer")                                                        \
  X(kUpgrade, "upgrade")                                                        \
  X(kKeepAlive, "keep-alive")                                                   \
  X(kProxyConnection, "proxy-connection")                                       \
  X(kProxyAuthenticate, "proxy-authenticate")                                   \
  X(kProxyAuthorization, "proxy-authorization")                                 \
  X(kExpect, "expect")                                                          \
  X(kDate, "date")                                                              \
  X(kServer, "server")                                                          \
  X(kVia, "via")                                                                \
  X(kLocation, "location")                                                      \
  X(kContentType, "content-type")                                               \
  X(kContentEncoding, "content-encoding")                                       \
  X(kAccept, "accept")                                                          \
  X(kAcceptEncoding, "accept-encoding")                                         \
  X(kAuthorization, "authorization")                                            \
  X(kCookie, "cookie")                                                          \
  X(kSetCookie, "set-cookie")                                                   \
  X(kUserAgent, "user-agent")                                                   \
  X(kReferer, "referer")                                                        \
  X(kOrigin, "origin")                                                          \
  X(kCacheControl, "cache-control")                                             \
  X(kXForwardedFor, "x-forwarded-for")                                          \
  X(kXForwardedProto, "x-forwarded-proto")                                      \
  X(kXForwardedHost, "x-forwarded-host")                                        \
  X(kXForwardedPort, "x-forwarded-port")                                        \
  X(kXForwardedClientCert, "x-forwarded-client-cert")                           \
  X(kXRequestId, "x-request-id")                                                \
  X(kXEnvoyInternal, "x-envoy-internal")                                        \
  X(kXEnvoyExternalAddress, "x-envoy-external-address")                         \
  X(kXEnvoyOriginalPath, "x-envoy-original-path")                               \
  X(kXEnvoyAttemptCount, "x-envoy-attempt-count")                               \
  X(kXEnvoyExpectedRqTimeoutMs, "x-envoy-expected-rq-timeout-ms")               \
  X(kXEnvoyUpstreamRqTimeoutMs, "x-envoy-upstream-rq-timeout-ms")               \
  X(kXEnvoyUpstreamRqPerTryTimeoutMs, "x-envoy-upstream-rq-per-try-timeout-ms") \
  X(kXEnvoyUpstreamServiceTime, "x-envoy-upstream-service-time")                \
  X(kXEnvoyMaxRetries, "x-envoy-max-retries")                                   \
  X(kXEnvoyRetryOn, "x-envoy-retry-on")                                         \
  X(kXEnvoyRetryGrpcOn, "x-envoy-retry-grpc-on")                                \
  X(kXEnvoyRetriableStatusCodes, "x-envoy-retriable-status-codes")              \
  X(kXEnvoyDecoratorOperation, "x-envoy-decorator-operation")                   \
  X(kXEnvoyOverloaded, "x-envoy-overloaded")                                    \
  X(kXEnvoyRateLimited, "x-envoy-ratelimited")                                  \
  X(kXEnvoyImmediateHealthCheckFail, "x-envoy-immediate-health-check-fail")     \
  X(kXEnvoyUpstreamAltStatName, "x-envoy-upstream-alt-stat-name")               \
  X(kRetryAfter, "retry-after")                                                 \
  X(kGrpcStatus, "grpc-status")                                                 \
  X(kGrpcMessage, "grpc-message")                                               \
  X(kGrpcTimeout, "grpc-timeout")

enum class HeaderId : uint8_t {
  kOther = 0,
#define OUTRIGGER_HEADER_ENUMERATOR(id, name) id,
  OUTRIGGER_KNOWN_HEADERS(OUTRIGGER_HEADER_ENUMERATOR)
#undef OUTRIGGER_HEADER_ENUMERATOR
      kCount,
};
static_assert(static_cast<int>(HeaderId::kCount) <= 64);

// The id of a field name in any case; kOther when it is not in the list.
HeaderId FindHeaderId(std::string_view name);
// The lower-case spelling; empty for kOther.
std::string_view HeaderName(HeaderId id);

}  // namespace outrigger::http
