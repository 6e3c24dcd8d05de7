#include "source/server/admin/certificate_page.h"

#include <string>
#include <utility>

#include "envoy/admin/v3/certs.pb.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

envoy::admin::v3::CertificateDetails Details(const net::CertificateInfo& info, absl::Time now) {
  envoy::admin::v3::CertificateDetails details;
  details.set_serial_number(info.serial);
  for (const std::string& name : info.dns_names) details.add_subject_alt_names()->set_dns(name);
  for (const std::string& name : info.uris) details.add_subject_alt_names()->set_uri(name);
  for (const std::string& ip : info.ip_addresses) {
    details.add_subject_alt_names()->set_ip_address(ip);
  }
  details.set_days_until_expiration(DaysUntil(info.valid_to, now));
  details.mutable_valid_from()->set_seconds(absl::ToUnixSeconds(info.valid_from));
  details.mutable_expiration_time()->set_seconds(absl::ToUnixSeconds(info.valid_to));
  return details;
}

AdminReply ServeCertificates(const std::vector<ContextCertificates>& in_use, absl::Time now) {
  envoy::admin::v3::Certificates reply;
  for (const ContextCertificates& context : in_use) {
    auto& out = *reply.add_certificates();
    for (const auto& certificate : context.shown) {
      *out.add_cert_chain() = Details(certificate->info(), now);
    }
    if (context.trust == nullptr) continue;
    for (const auto& authority : context.trust->Authorities()) {
      *out.add_ca_cert() = Details(*authority, now);
    }
  }
  return MessageReply(reply, loading::JsonStyle::kComplete);  // 0 days are worth saying
}

}  // namespace

void AddCertificatePage(Admin& admin, const base::Clock& clock,
                        std::function<std::vector<ContextCertificates>()> in_use) {
  admin.Add({.path = "/certs",
             .about = "the certificates that are shown and trusted, and when they expire",
             .serve = [&clock, in_use = std::move(in_use)](const AdminRequest&) {
               return ServeCertificates(in_use(), clock.WallNow());
             }});
}

}  // namespace outrigger::server
