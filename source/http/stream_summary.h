#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "source/base/clock.h"
#include "source/http/head.h"
#include "source/net/address.h"
#include "source/net/transport.h"

namespace outrigger::http {

// %RESPONSE_FLAGS%: what happened to a stream beyond its status. Envoy's letters.
enum class ResponseFlag : uint8_t {
  kFailedLocalHealthCheck,           // LH
  kNoHealthyUpstream,                // UH
  kUpstreamRequestTimeout,           // UT
  kLocalReset,                       // LR
  kUpstreamRemoteReset,              // UR
  kUpstreamConnectionFailure,        // UF
  kUpstreamConnectionTermination,    // UC
  kUpstreamOverflow,                 // UO
  kNoRouteFound,                     // NR
  kDelayInjected,                    // DI
  kFaultInjected,                    // FI
  kRateLimited,                      // RL
  kUnauthorizedExternalService,      // UAEX
  kRateLimitServiceError,            // RLSE
  kDownstreamConnectionTermination,  // DC
  kUpstreamRetryLimitExceeded,       // URX
  kStreamIdleTimeout,                // SI
  kInvalidRequestHeaders,            // IH
  kDownstreamProtocolError,          // DPE
  kUpstreamMaxDurationReached,       // UMSDR
  kNoClusterFound,                   // NC
  kOverloadManager,                  // OM
  kDurationTimeout,                  // DT
  kUpstreamProtocolError,            // UPE
  kDownstreamRemoteReset,            // DR
  kCount,
};

// Everything that is known about one stream when it ends, for access logs, stats and traces; filled
// as the stream goes along. Views are valid during the call that shows it.
struct StreamSummary {
  uint32_t response_flags = 0;
  void Set(ResponseFlag flag) { response_flags |= 1u << static_cast<int>(flag); }
  bool Has(ResponseFlag flag) const {
    return (response_flags & (1u << static_cast<int>(flag))) != 0;
  }

  // %RESPONSE_CODE_DETAILS%: "via_upstream", or the token of the policy or error that answered.
  std::string_view detail;
  std::string_view local_reply_body;  // while a local reply's format is written; otherwise empty
  std::string_view connection_termination_detail;
  std::string_view upstream_failure_reason;    // %UPSTREAM_TRANSPORT_FAILURE_REASON%
  std::string_view downstream_failure_reason;  // %DOWNSTREAM_TRANSPORT_FAILURE_REASON%
  std::string_view route_name;
  std::string_view virtual_host_name;
  std::string_view cluster_name;

  const RequestHead* request = nullptr;
  const ResponseHead* response = nullptr;  // null: no head was sent
  const HeaderMap* response_trailers = nullptr;

  const net::Address* downstream_local = nullptr;
  bool is_local_restored = false;          // downstream_local is where the client meant to go
  std::string_view requested_server_name;  // SNI, as a listener filter read it; see ServerName
  const net::Address* downstream_direct_remote = nullptr;  // the socket's peer
  const net::Address* downstream_remote = nullptr;         // after x-forwarded-for rules
  std::optional<net::Address> upstream;                    // the endpoint of the last attempt
  std::optional<net::Address> upstream_local;
  uint64_t connection_id = 0;
  // What the client's connection runs over, once its handshake is done; null: plain bytes. Lives as
  // long as the connection.
  net::Transport* downstream_transport = nullptr;
  // Of the last attempt's connection; null: plain bytes.
  std::shared_ptr<const net::TlsInfo> upstream_tls;

  // Made by the transport when it is first asked for; null: plain bytes.
  const net::TlsInfo* downstream_tls() const {
    return downstream_transport == nullptr ? nullptr : downstream_transport->info().get();
  }
  // What the client's certificate says; null: it showed none.
  const net::CertificateInfo* client_certificate() const {
    const net::TlsInfo* tls = downstream_tls();
    return tls == nullptr ? nullptr : tls->peer.get();
  }
  // SNI, whoever read it.
  std::string_view ServerName() const {
    if (!requested_server_name.empty() || downstream_transport == nullptr) {
      return requested_server_name;
    }
    return downstream_tls()->server_name;
  }

  base::MonoTime start;
  absl::Time start_wall;       // taken lazily only where something prints it; see downstream/
  base::MonoTime request_end;  // last byte of the request; epoch: never
  base::MonoTime upstream_first_sent;  // epoch: never
  base::MonoTime upstream_last_sent;
  base::MonoTime upstream_first_received;
  base::MonoTime upstream_last_received;
  base::MonoTime downstream_first_sent;
  base::MonoTime end;

  uint64_t request_body_bytes = 0;
  uint64_t response_body_bytes = 0;
  uint64_t request_header_bytes = 0;
  uint64_t response_header_bytes = 0;
  // grpc-status, noted by a filter that tells it to the client in another form.
  std::optional<uint32_t> grpc_status;
  uint32_t attempts = 0;  // upstream attempts
  bool is_health_check = false;
};

}  // namespace outrigger::http
