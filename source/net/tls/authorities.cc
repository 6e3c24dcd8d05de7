#include "source/net/tls/authorities.h"

#include <openssl/err.h>

#include <utility>

#include "source/base/text.h"
#include "source/net/tls/shared_by_content.h"

namespace outrigger::net::tls {
namespace {

SharedByContent<Authorities>& Made() {
  static auto& made = *new SharedByContent<Authorities>();
  return made;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Authorities>> Authorities::Make(std::string_view ca_pem,
                                                                     std::string_view crl_pem,
                                                                     bool checks_leaf_crl_only,
                                                                     std::string_view what) {
  const Sha256Bytes hash =
      Sha256Of().Add(ca_pem).Add(crl_pem).Add(uint64_t{checks_leaf_crl_only}).Finish();
  if (std::shared_ptr<const Authorities> same = Made().Find(hash)) return same;
  absl::StatusOr<std::vector<ParsedCertificate>> certificates = ReadCertificates(ca_pem, what);
  if (!certificates.ok()) return certificates.status();
  auto made = std::make_shared<Authorities>();
  made->certificates_ = *std::move(certificates);
  made->store_.reset(X509_STORE_new());
  X509_STORE* store = made->store_.get();
  for (const ParsedCertificate& certificate : made->certificates_) {
    X509_STORE_add_cert(store, certificate.x509.get());  // one that is there twice is no harm
  }
  unsigned long flags = X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN;
  if (!crl_pem.empty()) {
    auto crls = ReadCrls(crl_pem, "crl");
    if (!crls.ok()) return crls.status();
    for (const bssl::UniquePtr<X509_CRL>& crl : *crls) X509_STORE_add_crl(store, crl.get());
    flags |= X509_V_FLAG_CRL_CHECK;
    if (!checks_leaf_crl_only) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  }
  X509_STORE_set_flags(store, flags);
  ERR_clear_error();
  return Made().Add(hash, std::move(made));
}

}  // namespace outrigger::net::tls
