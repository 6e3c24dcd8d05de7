#include "source/config/transport_config.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.pb.h"
#include "envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/label_config.h"
#include "source/config/loading/unpack_any.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::core::v3::ProxyProtocolConfig;
using envoy::config::core::v3::TransportSocket;
using envoy::extensions::transport_sockets::proxy_protocol::v3::ProxyProtocolUpstreamTransport;
using envoy::extensions::transport_sockets::raw_buffer::v3::RawBuffer;
using envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext;
using envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;
using upstream::ClusterSpec;
using upstream::TransportChoice;

template <typename Config>
const std::string& TypeOf() {
  return Config::descriptor()->full_name();
}

// The type of the socket's config; of a RawBuffer also when only the name says so.
std::string TypeOf(const TransportSocket& socket) {
  std::string type = loading::ResolvedTypeName(socket.typed_config());
  const bool is_raw = type.empty() && socket.name() == "envoy.transport_sockets.raw_buffer";
  return is_raw ? TypeOf<RawBuffer>() : type;
}

void RefuseType(const std::string& type, std::initializer_list<std::string> known,
                const Place& place) {
  const Place at = place.At("typed_config");
  const std::string names = absl::StrJoin(known, ", ");
  if (type.empty()) return at.Refuse(base::StrCat("must be given; known: ", names));
  at.Refuse(base::StrCat("transport socket \"", type, "\" is not implemented; known: ", names));
}

// What reading a cluster's sockets needs besides the resource.
struct ClusterScope {
  const TlsScope& tls;
  const ClusterSpec& spec;
};

// The parts that a socket below upstream_proxy_protocol may have, too.
void ReadSocket(const TransportSocket& socket, const ClusterScope& scope, TransportChoice& choice,
                const Place& place) {
  const std::string type = TypeOf(socket);
  if (type == TypeOf<RawBuffer>()) return;
  const Place at = place.At("typed_config");
  if (type == TypeOf<DownstreamTlsContext>()) {
    return at.Refuse(base::StrCat("is for filter chains; give ", TypeOf<UpstreamTlsContext>()));
  }
  if (type == TypeOf<ProxyProtocolUpstreamTransport>()) {
    return at.Refuse(
        "upstream_proxy_protocol is for transport_socket itself: not implemented in "
        "transport_socket_matches and below another");
  }
  if (type != TypeOf<UpstreamTlsContext>()) {
    return RefuseType(type,
                      {TypeOf<RawBuffer>(), TypeOf<UpstreamTlsContext>(),
                       TypeOf<ProxyProtocolUpstreamTransport>()},
                      place);
  }
  UpstreamTlsContext context;
  if (!Unpack(socket.typed_config(), context, at)) return;
  ClientTls tls = CompileClientTls(context, scope.spec.auto_san_validation, scope.tls, at);
  choice.transports = std::move(tls.transports);
  choice.plan = std::move(tls.plan);
  choice.server_name = context.sni();
  choice.uses_hostname = context.auto_host_sni();
  choice.verifies_server_name = context.auto_sni_san_validation();
  choice.names_protocols = context.common_tls_context().alpn_protocols_size() > 0;
}

void ReadOwn(const TransportSocket& socket, const ClusterScope& scope, ClusterSpec& spec,
             const Place& place) {
  if (TypeOf(socket) != TypeOf<ProxyProtocolUpstreamTransport>()) {
    return ReadSocket(socket, scope, spec.transport, place);
  }
  const Place at = place.At("typed_config");
  ProxyProtocolUpstreamTransport proxy;
  if (!Unpack(socket.typed_config(), proxy, at)) return;
  spec.proxy_protocol = proxy.config().version() == ProxyProtocolConfig::V2
                            ? net::ProxyVersion::kV2
                            : net::ProxyVersion::kV1;
  ReadSocket(proxy.transport_socket(), scope, spec.transport, at.At("transport_socket"));
}

void ReadMatches(const Cluster& cluster, const ClusterScope& scope, ClusterSpec& spec,
                 const Place& place) {
  if (cluster.transport_socket_matches_size() > 0 && spec.proxy_protocol) {
    place.At("transport_socket_matches")
        .Refuse("not implemented with upstream_proxy_protocol in transport_socket");
  }
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < cluster.transport_socket_matches_size(); ++i) {
    const auto& from = cluster.transport_socket_matches(i);
    const Place at = place.At("transport_socket_matches", i);
    if (from.name().empty()) {
      at.At("name").Refuse("must be given");
    } else if (!names.insert(from.name()).second) {
      at.At("name").Refuse(base::StrCat("\"", from.name(), "\" is the name of an earlier one"));
    }
    TransportChoice choice;
    choice.name = from.name();
    choice.match = ReadLabels(from.match());
    if (from.has_transport_socket()) {
      ReadSocket(from.transport_socket(), scope, choice, at.At("transport_socket"));
    }
    spec.transport_socket_matches.push_back(std::move(choice));
  }
}

// What an endpoint chooses by ALPN it can only choose in TLS.
void RequireTlsForAlpn(const Cluster& cluster, const ClusterSpec& spec, const Place& place) {
  constexpr std::string_view kWhat =
      "must be TLS (UpstreamTlsContext): auto_config lets endpoints choose the protocol by ALPN";
  if (spec.transport.transports == nullptr) place.At("transport_socket").Refuse(kWhat);
  for (int i = 0; i < cluster.transport_socket_matches_size(); ++i) {
    if (spec.transport_socket_matches[static_cast<size_t>(i)].transports != nullptr) continue;
    const Place at = place.At("transport_socket_matches", i);
    at.At("transport_socket").Refuse(kWhat);
  }
}

}  // namespace

ServerTls CompileServerTransport(const TransportSocket& socket, const TlsScope& scope,
                                 const Place& place) {
  const std::string type = TypeOf(socket);
  if (type == TypeOf<RawBuffer>()) return {};
  const Place at = place.At("typed_config");
  if (type == TypeOf<UpstreamTlsContext>()) {
    at.Refuse(base::StrCat("is for clusters; give ", TypeOf<DownstreamTlsContext>()));
  } else if (type != TypeOf<DownstreamTlsContext>()) {
    RefuseType(type, {TypeOf<RawBuffer>(), TypeOf<DownstreamTlsContext>()}, place);
  } else if (DownstreamTlsContext context; Unpack(socket.typed_config(), context, at)) {
    return CompileServerTls(context, scope, at);
  }
  return {};
}

void CompileClusterTransports(const Cluster& cluster, const CompileEnvironment& environment,
                              stats::Store& stats, ClusterSpec& spec, const Place& place) {
  const TlsScope tls{environment, stats, stats::ClusterScope(spec.stat_name)};
  const ClusterScope scope{tls, spec};
  const size_t before = place.findings().size();
  if (cluster.has_transport_socket()) {
    ReadOwn(cluster.transport_socket(), scope, spec, place.At("transport_socket"));
  }
  ReadMatches(cluster, scope, spec, place);
  if (spec.protocol == upstream::UpstreamProtocol::kAlpn && place.findings().size() == before) {
    RequireTlsForAlpn(cluster, spec, place);
  }
}

}  // namespace outrigger::config
