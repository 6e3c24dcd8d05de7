#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/base/text.h"
#include "source/net/tls/context_plan.h"

// TLS contexts that are only recorded, and secrets that are only names, for who keeps them.
namespace outrigger::server::test {

// A certificate that is nothing but its name and its end.
class NamedCertificate final : public net::tls::Certificate {
 public:
  NamedCertificate(std::string name, absl::Time valid_to) {
    info_.subject = std::move(name);
    info_.valid_to = valid_to;
  }
  explicit NamedCertificate(net::CertificateInfo info) : info_(std::move(info)) {}
  const net::CertificateInfo& info() const override { return info_; }
  uint64_t fingerprint() const override { return 1; }

 private:
  net::CertificateInfo info_;
};

inline net::tls::SecretPtr CertificateSecret(
    const std::string& name, uint64_t fingerprint,
    absl::Time valid_to = absl::FromUnixSeconds(1'800'000'000)) {
  auto secret = std::make_shared<net::tls::Secret>();
  secret->name = name;
  secret->fingerprint = fingerprint;
  secret->certificate = std::make_shared<NamedCertificate>(name, valid_to);
  return secret;
}
inline net::tls::SecretPtr ValidationSecret(const std::string& name, uint64_t fingerprint) {
  auto secret = std::make_shared<net::tls::Secret>();
  secret->name = name;
  secret->fingerprint = fingerprint;
  secret->validation = std::make_shared<const int>(0);
  return secret;
}

// Plans whose `build` writes down what it was given: "default:1 ROOTCA:2". A secret with
// fingerprint kBad cannot be built with.
inline constexpr uint64_t kBad = 666;
class RecordedPlans {
 public:
  std::shared_ptr<const net::tls::ContextPlan> Make(std::vector<net::tls::SecretNeed> needs) {
    auto plan = std::make_shared<net::tls::ContextPlan>();
    plan->needs = std::move(needs);
    plan->build = [built = built_](absl::Span<const net::tls::SecretPtr> secrets) {
      std::string line;
      for (const net::tls::SecretPtr& secret : secrets) {
        if (secret->fingerprint == kBad) {
          return base::InvalidArgument("secret \"", secret->name, "\": is of no use");
        }
        line += base::StrCat(line.empty() ? "" : " ", secret->name, ":", secret->fingerprint);
      }
      built->push_back(std::move(line));
      return absl::OkStatus();
    };
    return plan;
  }
  const std::vector<std::string>& built() const { return *built_; }

 private:
  const std::shared_ptr<std::vector<std::string>> built_ =
      std::make_shared<std::vector<std::string>>();
};

inline net::tls::SecretNeed CertificateNeed(std::string name, int timeout_ms = 15000) {
  return {.name = std::move(name),
          .kind = net::tls::SecretNeed::Kind::kCertificate,
          .initial_fetch_timeout = base::Milliseconds(timeout_ms)};
}
inline net::tls::SecretNeed ValidationNeed(std::string name, int timeout_ms = 15000) {
  return {.name = std::move(name),
          .kind = net::tls::SecretNeed::Kind::kValidation,
          .initial_fetch_timeout = base::Milliseconds(timeout_ms)};
}

}  // namespace outrigger::server::test
