#include "source/server/certificate_watch.h"

#include <utility>

#include "source/base/log.h"

namespace outrigger::server {

// The last tenth of its life: a day of ten, an hour or two of a workload's that lasts a day.
CertificateWatch::Said CertificateWatch::Judge(const net::CertificateInfo& info, absl::Time now) {
  if (info.valid_to <= now) return Said::kExpired;
  const absl::Duration life = info.valid_to - info.valid_from;
  return info.valid_to - now < life / 10 ? Said::kExpiresSoon : Said::kNothing;
}

void CertificateWatch::Look(absl::Time now) {
  if (now < next_look_) return;
  next_look_ = now + absl::Minutes(1);
  const std::vector<ContextCertificates> contexts = uses_.in_use();
  if (const auto first = FirstExpiry(contexts)) days_.Set(DaysUntil(*first, now));
  std::map<uint64_t, Said> before = std::exchange(said_, {});
  bool has_expired = false;
  for (const ContextCertificates& context : contexts) {
    for (const auto& certificate : context.shown) {
      const net::CertificateInfo& info = certificate->info();
      const Said says = Judge(info, now);
      const auto [at, is_new] = said_.emplace(certificate->fingerprint(), says);
      if (!is_new || before[certificate->fingerprint()] == says || says == Said::kNothing) continue;
      has_expired = has_expired || says == Said::kExpired;
      LOG(kWarning, kConfig, "the certificate of ", info.subject, ", serial ", info.serial,
          says == Said::kExpired ? ", has expired: " : ", expires soon: ",
          absl::FormatTime(info.valid_to, absl::UTCTimeZone()), "; it is still shown");
    }
  }
  if (has_expired && uses_.on_expired != nullptr) uses_.on_expired();
}

}  // namespace outrigger::server
