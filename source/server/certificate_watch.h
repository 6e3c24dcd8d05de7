#pragma once

#include <functional>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "source/server/certificates_in_use.h"
#include "source/stats/store.h"

namespace outrigger::server {

// Says how long the certificates in use are still valid: as a statistic, in the log, and to who
// ends connections with one that has expired.
// Owner: the server.  Thread: main.
class CertificateWatch final {
 public:
  struct Uses {
    std::function<std::vector<ContextCertificates>()> in_use;
    std::function<void()> on_expired;  // one that is shown has expired since the last look
  };
  // `days`: server.days_until_first_cert_expiring; not set while there are no certificates.
  CertificateWatch(stats::Gauge days, Uses uses) : days_(days), uses_(std::move(uses)) {}

  // Looks, unless it did so within a minute.
  void Look(absl::Time now);

 private:
  enum class Said : uint8_t { kNothing, kExpiresSoon, kExpired };
  Said Judge(const net::CertificateInfo& info, absl::Time now);

  const stats::Gauge days_;
  const Uses uses_;
  absl::Time next_look_ = absl::InfinitePast();
  std::map<uint64_t, Said> said_;  // by fingerprint, of those in use
};

}  // namespace outrigger::server
