#include "source/net/tls/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>

#include "source/base/text.h"
#include "source/net/tls/boring.h"
#include "source/net/tls/key_iterations.h"

namespace outrigger::net::tls {
namespace {

// One block after another of a PEM text.
class PemBlocks {
 public:
  explicit PemBlocks(std::string_view pem)
      : bio_(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<size_t>(pem.size(), INT_MAX)))) {
  }
  // False: there is no further block, or it cannot be read; see is_broken().
  bool Next() {
    char* name = nullptr;
    char* header = nullptr;
    uint8_t* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio_.get(), &name, &header, &data, &size) != 1) {
      const uint32_t error = ERR_peek_last_error();
      is_broken_ =
          !(ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
      if (!is_broken_) ERR_clear_error();
      return false;
    }
    name_.reset(name);
    header_.reset(header);
    data_.reset(data);
    size_ = static_cast<size_t>(size);
    return true;
  }
  bool is_broken() const { return is_broken_; }
  std::string_view name() const { return name_.get(); }
  std::string_view data() const { return {reinterpret_cast<const char*>(data_.get()), size_}; }

 private:
  bssl::UniquePtr<BIO> bio_;
  bssl::UniquePtr<char> name_;
  bssl::UniquePtr<char> header_;
  bssl::UniquePtr<uint8_t> data_;
  size_t size_ = 0;
  bool is_broken_ = false;
};

bool IsCertificate(std::string_view name) {
  return name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD;
}

int GivePassword(char* out, int room, int /*for_writing*/, void* arg) {
  const auto& password = *static_cast<const std::string_view*>(arg);
  if (password.empty() || password.size() > static_cast<size_t>(room)) return -1;
  std::memcpy(out, password.data(), password.size());
  return static_cast<int>(password.size());
}

}  // namespace

ParsedCertificate ParseCertificate(std::string_view der) {
  ParsedCertificate parsed;
  parsed.der.reset(CRYPTO_BUFFER_new(BytesOf(der), der.size(), CertificatePool()));
  parsed.x509.reset(X509_parse_from_buffer(parsed.der.get()));
  return parsed;
}

absl::StatusOr<std::vector<ParsedCertificate>> ReadCertificates(std::string_view pem,
                                                                std::string_view what) {
  ERR_clear_error();
  std::vector<ParsedCertificate> certificates;
  PemBlocks blocks(pem);
  while (blocks.Next()) {
    if (!IsCertificate(blocks.name())) continue;
    ParsedCertificate parsed = ParseCertificate(blocks.data());
    if (parsed.x509 == nullptr) {
      return base::InvalidArgument(what, ": certificate ", certificates.size() + 1,
                                   " cannot be read: ", TakeErrorText());
    }
    certificates.push_back(std::move(parsed));
  }
  if (blocks.is_broken()) {
    return base::InvalidArgument(what, ": the PEM block of certificate ", certificates.size() + 1,
                                 " cannot be read: ", TakeErrorText());
  }
  if (certificates.empty()) {
    return base::InvalidArgument(
        what, ": holds no certificate; expected a block \"-----BEGIN CERTIFICATE-----\"");
  }
  return certificates;
}

absl::StatusOr<std::vector<bssl::UniquePtr<X509_CRL>>> ReadCrls(std::string_view pem,
                                                                std::string_view what) {
  ERR_clear_error();
  std::vector<bssl::UniquePtr<X509_CRL>> crls;
  PemBlocks blocks(pem);
  while (blocks.Next()) {
    if (blocks.name() != PEM_STRING_X509_CRL) continue;
    const uint8_t* at = BytesOf(blocks.data());
    const uint8_t* const end = at + blocks.data().size();
    bssl::UniquePtr<X509_CRL> crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(end - at)));
    if (crl == nullptr || at != end) {
      return base::InvalidArgument(what, ": revocation list ", crls.size() + 1,
                                   " cannot be read: ", TakeErrorText());
    }
    crls.push_back(std::move(crl));
  }
  if (blocks.is_broken()) {
    return base::InvalidArgument(what, ": the PEM block of revocation list ", crls.size() + 1,
                                 " cannot be read: ", TakeErrorText());
  }
  if (crls.empty()) {
    return base::InvalidArgument(
        what, ": holds no revocation list; expected a block \"-----BEGIN X509 CRL-----\"");
  }
  return crls;
}

absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> ReadPrivateKey(std::string_view pem,
                                                         std::string_view password) {
  ERR_clear_error();
  PemBlocks blocks(pem);
  while (blocks.Next()) {
    if (blocks.name() != PEM_STRING_PKCS8 || IterationsOf(blocks.data()) <= kMostIterations) {
      continue;
    }
    return base::InvalidArgument("private_key: is encrypted with more than ", kMostIterations,
                                 " iterations; encrypt it with fewer");
  }
  ERR_clear_error();
  bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<size_t>(pem.size(), INT_MAX))));
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, &GivePassword, &password));
  if (key != nullptr) return key;
  const bool is_encrypted = pem.find("ENCRYPTED") != std::string_view::npos;
  const std::string reason = TakeErrorText();
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) {
    return base::InvalidArgument(
        "private_key: holds no key; expected a block \"-----BEGIN PRIVATE KEY-----\"");
  }
  if (is_encrypted && password.empty()) {
    return base::InvalidArgument("private_key: is encrypted; set password");
  }
  if (is_encrypted) {
    return base::InvalidArgument("private_key: cannot be decrypted: wrong password, or ", reason);
  }
  return base::InvalidArgument("private_key: cannot be read: ", reason);
}

}  // namespace outrigger::net::tls
