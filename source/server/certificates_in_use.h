#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/trust.h"
#include "source/server/listener_set.h"
#include "source/upstream/cluster_set.h"

namespace outrigger::server {

// What one TLS context shows and trusts.
struct ContextCertificates {
  std::vector<std::shared_ptr<const net::tls::Certificate>> shown;
  std::shared_ptr<const net::tls::Trust> trust;  // null: nobody has to show one
  friend auto operator<=>(const ContextCertificates&, const ContextCertificates&) = default;
};

// Of all listeners and clusters that serve; equal ones once.
std::vector<ContextCertificates> CertificatesInUse(const ListenerSet& listeners,
                                                   const upstream::ClusterSet& clusters);

// When the first of them expires; nullopt: there is none.
std::optional<absl::Time> FirstExpiry(const std::vector<ContextCertificates>& contexts);

// Whole days; 0 on the last one and after it.
uint64_t DaysUntil(absl::Time end, absl::Time now);

}  // namespace outrigger::server
