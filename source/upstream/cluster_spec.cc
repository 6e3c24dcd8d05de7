#include "source/upstream/cluster_spec.h"

#include <algorithm>

#include "source/net/address.h"

namespace outrigger::upstream {
namespace {

std::string_view ProtocolsOf(UpstreamProtocol speaks) {
  switch (speaks) {
    case UpstreamProtocol::kHttp2:
      return "h2";
    case UpstreamProtocol::kAlpn:
      return "h2,http/1.1";
    case UpstreamProtocol::kHttp1:
    case UpstreamProtocol::kDownstream:  // of a client that has not said more
      break;
  }
  return "http/1.1";
}

// An IP address is no server name (RFC 6066 3).
bool IsServerName(std::string_view name) {
  return !name.empty() && !net::Address::Ip(name, 0).ok();
}

}  // namespace

std::vector<std::shared_ptr<const net::tls::ContextPlan>> ClusterSpec::TlsPlans() const {
  std::vector<std::shared_ptr<const net::tls::ContextPlan>> plans;
  if (transport.plan != nullptr) plans.push_back(transport.plan);
  for (const TransportChoice& choice : transport_socket_matches) {
    if (choice.plan != nullptr) plans.push_back(choice.plan);
  }
  return plans;
}

const TransportChoice& ChooseTransport(const ClusterSpec& spec, const Endpoint& endpoint) {
  static const EndpointLabels none;
  const EndpointLabels& labels = endpoint.labels == nullptr ? none : *endpoint.labels;
  for (const TransportChoice& choice : spec.transport_socket_matches) {
    if (HoldsAll(labels.own, choice.match) || HoldsAll(labels.locality, choice.match)) {
      return choice;
    }
  }
  return spec.transport;
}

net::ClientTransportOptions OptionsOf(const ClusterSpec& spec, const TransportChoice& choice,
                                      const Endpoint& endpoint,
                                      std::optional<UpstreamProtocol> speaks,
                                      std::string_view request_name) {
  net::ClientTransportOptions options;
  if (spec.auto_sni && IsServerName(request_name)) {
    options.server_name = request_name;
  } else if (choice.uses_hostname && IsServerName(endpoint.hostname)) {
    options.server_name = endpoint.hostname;
  }
  if (spec.auto_san_validation && !request_name.empty()) {
    options.verified_name = request_name;
  } else if (choice.verifies_server_name) {
    const bool has_hostname = choice.uses_hostname && !endpoint.hostname.empty();
    options.verified_name = !options.server_name.empty() ? options.server_name
                            : has_hostname               ? std::string_view(endpoint.hostname)
                                                         : std::string_view(choice.server_name);
  }
  if (speaks && !choice.names_protocols) options.application_protocols = ProtocolsOf(*speaks);
  return options;
}

}  // namespace outrigger::upstream
