#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/clock.h"
#include "source/http/http1/options.h"
#include "source/http/http2/options.h"
#include "source/net/dns.h"
#include "source/net/proxy_header.h"
#include "source/net/socket.h"
#include "source/upstream/cluster_names.h"
#include "source/upstream/endpoint.h"
#include "source/upstream/transport_choice.h"

namespace outrigger::upstream {

// Envoy's circuit breakers of one routing priority. What they limit is counted for the whole
// process (circuit_breakers.h).
struct CircuitBreakerLimits {
  uint32_t max_connections = 1024;
  uint32_t max_pending_requests = 1024;
  uint32_t max_requests = 1024;
  uint32_t max_retries = 3;
  std::optional<double>
      retry_budget_percent;  // of the running and pending requests; replaces max_retries
  uint32_t retry_budget_min_concurrency = 3;
  bool track_remaining = false;
};

enum class Discovery : uint8_t { kStatic, kStrictDns, kLogicalDns, kEds, kOriginalDst };
enum class LbPolicy : uint8_t { kRoundRobin, kLeastRequest, kRandom };
// kDownstream: what the client of each request speaks.
// kAlpn: what the endpoint chooses of HTTP/2 and HTTP/1.1; each of the cluster's transports is TLS.
enum class UpstreamProtocol : uint8_t { kHttp1, kHttp2, kDownstream, kAlpn };

struct DnsName {
  std::string name;
  uint16_t port = 0;
  Endpoint like;  // everything but the address
};

// What a cluster is, without its endpoints; compiled from envoy.config.cluster.v3.Cluster.
// Immutable, shared by all threads.
struct ClusterSpec {
  ClusterNameRef name;
  // Equal fingerprints: the two specs mean the same (canonical form of the proto).
  uint64_t fingerprint = 0;
  std::string stat_name;  // alt_stat_name or the name
  Discovery discovery = Discovery::kStatic;
  std::string eds_service_name;
  base::Milliseconds eds_initial_fetch_timeout{15000};  // 0: wait for ever
  base::Milliseconds connect_timeout{5000};
  size_t buffer_limit_bytes = 1024 * 1024;
  LbPolicy lb_policy = LbPolicy::kRoundRobin;
  uint32_t least_request_choices = 2;
  double panic_threshold_percent = 50;
  CircuitBreakerLimits breakers[2];  // by RoutingPriority: DEFAULT, HIGH
  UpstreamProtocol protocol = UpstreamProtocol::kHttp1;
  std::optional<uint32_t> max_requests_per_connection;
  std::optional<base::Milliseconds> idle_timeout = base::Milliseconds(3'600'000);
  std::optional<base::Milliseconds> max_connection_duration;
  http::http1::Options http1;
  http::http2::Options http2;
  // per_upstream_preconnect_ratio: places kept ready for each request that goes on or waits.
  double preconnect_ratio = 1;
  std::optional<net::KeepaliveOptions> keepalive;
  std::optional<net::Address> bind_source;
  // Connections to endpoints that match none of transport_socket_matches.
  TransportChoice transport;
  std::vector<TransportChoice> transport_socket_matches;  // the first that matches is used
  // Requests: SNI from their Host (or the header), without its port; its certificate is for that
  // name.
  bool auto_sni = false;
  bool auto_san_validation = false;
  std::string auto_sni_header;  // lower case; empty: none
  // Tells endpoints who the client is, in plain and before a handshake; connections that are not
  // HTTP only. Without transport_socket_matches.
  std::optional<net::ProxyVersion> proxy_protocol;

  std::vector<DnsName> dns_names;                  // with DNS; of kLogicalDns one
  uint32_t overprovisioning_factor_percent = 140;  // with DNS; other sets say it themselves
  net::DnsFamily dns_family = net::DnsFamily::kAuto;
  base::Milliseconds dns_refresh{5000};
  // After a failed answer; doubles up to the maximum while answers keep failing.
  base::Milliseconds dns_failure_refresh{5000};
  base::Milliseconds dns_failure_refresh_max{5000};
  base::Milliseconds dns_jitter{0};  // at most this is added to each refresh
  bool respect_dns_ttl = false;
  EndpointSet static_endpoints;  // kStatic
  // kOriginalDst
  std::string destination_header;            // lower case; empty: no header is looked at
  std::optional<uint16_t> destination_port;  // replaces the one that was found
  base::Milliseconds cleanup_interval{5000};
  bool added_via_api = false;

  // Of all its transports; they are what the cluster waits for.
  std::vector<std::shared_ptr<const net::tls::ContextPlan>> TlsPlans() const;
};

// How connections to `endpoint` are made: the first match all of whose labels are among the
// endpoint's own or among its locality's, otherwise the cluster's transport.
const TransportChoice& ChooseTransport(const ClusterSpec& spec, const Endpoint& endpoint);

// What one connection asks its transport for. `speaks`: what is known of the requests it will carry
// (kHttp1, kHttp2, kAlpn); nullopt: they are not HTTP. `request_name`: the host of the request that
// asks for it, without a port, or what auto_sni_header has; empty: none. The answer borrows all
// arguments.
net::ClientTransportOptions OptionsOf(const ClusterSpec& spec, const TransportChoice& choice,
                                      const Endpoint& endpoint,
                                      std::optional<UpstreamProtocol> speaks,
                                      std::string_view request_name);

}  // namespace outrigger::upstream
