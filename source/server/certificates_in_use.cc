#include "source/server/certificates_in_use.h"

#include <algorithm>
#include <set>

#include "source/net/tls/client_context.h"
#include "source/net/tls/server_context.h"

namespace outrigger::server {
namespace {

using net::tls::ClientContexts;
using net::tls::ServerContexts;

ContextCertificates CertificatesOf(const net::ServerTransports* transports) {
  const auto* contexts = dynamic_cast<const ServerContexts*>(transports);
  const auto context = contexts == nullptr ? nullptr : contexts->Get();
  if (context == nullptr) return {};
  return {.shown = context->settings().certificates, .trust = context->settings().trust};
}

ContextCertificates CertificatesOf(const net::ClientTransports* transports) {
  const auto* contexts = dynamic_cast<const ClientContexts*>(transports);
  const auto context = contexts == nullptr ? nullptr : contexts->Get();
  if (context == nullptr) return {};
  ContextCertificates out{.trust = context->settings().trust};
  if (context->settings().certificate != nullptr) {
    out.shown.push_back(context->settings().certificate);
  }
  return out;
}

}  // namespace

std::vector<ContextCertificates> CertificatesInUse(const ListenerSet& listeners,
                                                   const upstream::ClusterSet& clusters) {
  std::vector<ContextCertificates> all;
  std::set<ContextCertificates> seen;
  const auto add = [&](ContextCertificates certificates) {
    if (certificates.shown.empty() && certificates.trust == nullptr) return;
    if (seen.insert(certificates).second) all.push_back(std::move(certificates));
  };
  for (const ListenerSet::Listing& listing : listeners.List()) {
    if (listing.active == nullptr) continue;
    for (const config::FilterChainPtr& chain : listing.active->AllChains()) {
      add(CertificatesOf(chain->transports.get()));
    }
  }
  for (const upstream::ClusterSet::Listing& listing : clusters.Describe()) {
    if (listing.active == nullptr) continue;
    add(CertificatesOf(listing.active->transport.transports.get()));
    for (const upstream::TransportChoice& choice : listing.active->transport_socket_matches) {
      add(CertificatesOf(choice.transports.get()));
    }
  }
  return all;
}

std::optional<absl::Time> FirstExpiry(const std::vector<ContextCertificates>& contexts) {
  std::optional<absl::Time> first;
  std::set<const net::tls::Trust*> seen;
  const auto look = [&](absl::Time end) { first = std::min(first.value_or(end), end); };
  for (const ContextCertificates& context : contexts) {
    for (const auto& certificate : context.shown) look(certificate->info().valid_to);
    if (context.trust == nullptr || !seen.insert(context.trust.get()).second) continue;
    for (const auto& authority : context.trust->Authorities()) look(authority->valid_to);
  }
  return first;
}

uint64_t DaysUntil(absl::Time end, absl::Time now) {
  return static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Hours(end - now) / 24));
}

}  // namespace outrigger::server
