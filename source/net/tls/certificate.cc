#include "source/net/tls/certificate.h"

#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pkcs8.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/text.h"
#include "source/net/tls/boring.h"
#include "source/net/tls/key_iterations.h"
#include "source/net/tls/loaded_certificate.h"
#include "source/net/tls/shared_by_content.h"
#include "source/net/tls/x509_text.h"

namespace outrigger::net::tls {
namespace {

constexpr size_t kMostChainCertificates = 16;

uint16_t GroupOf(const EVP_PKEY* key) {
  if (EVP_PKEY_id(key) != EVP_PKEY_EC) return 0;
  switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key)))) {
    case NID_X9_62_prime256v1:
      return SSL_CURVE_SECP256R1;
    case NID_secp384r1:
      return SSL_CURVE_SECP384R1;
    case NID_secp521r1:
      return SSL_CURVE_SECP521R1;
    default:
      return 0;
  }
}

// id-pe-tlsfeature (RFC 7633) with status_request, written as one SEQUENCE of INTEGER 5.
bool DemandsOcsp(X509* x509) {
  bssl::UniquePtr<ASN1_OBJECT> oid(OBJ_txt2obj("1.3.6.1.5.5.7.1.24", /*dont_search_names=*/1));
  const int at = X509_get_ext_by_OBJ(x509, oid.get(), -1);
  if (at < 0) return false;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(x509, at));
  CBS in;
  CBS features;
  CBS_init(&in, ASN1_STRING_get0_data(value), static_cast<size_t>(ASN1_STRING_length(value)));
  if (!CBS_get_asn1(&in, &features, CBS_ASN1_SEQUENCE)) return false;
  uint64_t feature = 0;
  while (CBS_len(&features) > 0 && CBS_get_asn1_uint64(&features, &feature)) {
    if (feature == TLSEXT_TYPE_status_request) return true;
  }
  return false;
}

std::vector<std::string> ServerNames(X509* x509, const CertificateInfo& info) {
  std::vector<std::string> names = info.dns_names;
  if (names.empty()) {
    char name[256];
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof(name));
    if (size > 0) names.emplace_back(name, static_cast<size_t>(size));
  }
  for (std::string& name : names) absl::AsciiStrToLower(&name);
  return names;
}

absl::StatusOr<LoadedCertificate::Parts> ReadPkcs12(const CertificateText& text) {
  ERR_clear_error();
  if (IterationsOf(text.pkcs12) > kMostIterations) {
    return base::InvalidArgument("pkcs12: is not DER, or is encrypted with more than ",
                                 kMostIterations, " iterations");
  }
  CBS in;
  CBS_init(&in, BytesOf(text.pkcs12), text.pkcs12.size());
  EVP_PKEY* key = nullptr;
  bssl::UniquePtr<STACK_OF(X509)> certificates(sk_X509_new_null());
  if (PKCS12_get_key_and_certs(&key, certificates.get(), &in, text.password.c_str()) != 1) {
    return base::InvalidArgument("pkcs12: cannot be read (wrong password?): ", TakeErrorText());
  }
  LoadedCertificate::Parts parts;
  parts.key.reset(key);
  for (X509* x509 : certificates.get()) {
    uint8_t* der = nullptr;
    const int size = i2d_X509(x509, &der);
    if (size <= 0) return base::InvalidArgument("pkcs12: ", TakeErrorText());
    bssl::UniquePtr<uint8_t> owned(der);
    ParsedCertificate parsed =
        ParseCertificate({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
    if (parsed.x509 == nullptr) return base::InvalidArgument("pkcs12: ", TakeErrorText());
    parts.chain.push_back(std::move(parsed));
  }
  if (parts.key == nullptr) return absl::InvalidArgumentError("pkcs12: holds no private key");
  if (parts.chain.empty()) return absl::InvalidArgumentError("pkcs12: holds no certificate");
  // The leaf may stand anywhere in the file.
  for (size_t i = 1; i < parts.chain.size(); ++i) {
    if (X509_check_private_key(parts.chain[i].x509.get(), parts.key.get()) != 1) continue;
    std::swap(parts.chain[0], parts.chain[i]);
    break;
  }
  ERR_clear_error();
  return parts;
}

absl::StatusOr<LoadedCertificate::Parts> ReadParts(const CertificateText& text) {
  if (!text.pkcs12.empty()) {
    if (!text.chain_pem.empty() || !text.key_pem.empty()) {
      return absl::InvalidArgumentError(
          "pkcs12: cannot stand beside certificate_chain and private_key");
    }
    return ReadPkcs12(text);
  }
  if (text.chain_pem.empty()) return absl::InvalidArgumentError("certificate_chain: is missing");
  if (text.key_pem.empty()) return absl::InvalidArgumentError("private_key: is missing");
  absl::StatusOr<std::vector<ParsedCertificate>> chain =
      ReadCertificates(text.chain_pem, "certificate_chain");
  if (!chain.ok()) return chain.status();
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = ReadPrivateKey(text.key_pem, text.password);
  if (!key.ok()) return key.status();
  return LoadedCertificate::Parts{.chain = *std::move(chain), .key = *std::move(key)};
}

absl::Status CheckParts(const LoadedCertificate::Parts& parts) {
  X509* leaf = parts.chain[0].x509.get();
  if (parts.chain.size() > kMostChainCertificates) {
    return base::InvalidArgument("certificate_chain: has ", parts.chain.size(),
                                 " certificates; the limit is ", kMostChainCertificates);
  }
  std::string why;
  bssl::UniquePtr<EVP_PKEY> public_key(X509_get_pubkey(leaf));
  if (public_key == nullptr) {
    return base::InvalidArgument("certificate_chain: the key of ", NameOf(leaf),
                                 " cannot be read: ", TakeErrorText());
  }
  if (!IsStrongKey(public_key.get(), why)) {
    return base::InvalidArgument("certificate_chain: the key of ", NameOf(leaf), " is ", why);
  }
  if (X509_check_private_key(leaf, parts.key.get()) != 1) {
    ERR_clear_error();
    return base::InvalidArgument("private_key: does not belong to certificate ", NameOf(leaf),
                                 ", the first of certificate_chain");
  }
  return absl::OkStatus();
}

SharedByContent<Certificate>& Loaded() {
  static auto& loaded = *new SharedByContent<Certificate>();
  return loaded;
}

}  // namespace

bool IsStrongKey(const EVP_PKEY* key, std::string& why) {
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      if (EVP_PKEY_bits(key) >= 2048) return true;
      why = base::StrCat("RSA of ", EVP_PKEY_bits(key), " bits; at least 2048 are needed");
      return false;
    case EVP_PKEY_EC:
      if (GroupOf(key) != 0) return true;
      why = "of another curve than P-256, P-384 and P-521";
      return false;
    default:
      why = "neither RSA nor ECDSA";
      return false;
  }
}

LoadedCertificate::LoadedCertificate(Parts parts, std::optional<OcspClaim> claim)
    : key_(std::move(parts.key)), ocsp_response_(std::move(parts.ocsp_response)), claim_(claim) {
  X509* leaf = parts.chain[0].x509.get();
  std::shared_ptr<CertificateInfo> info =
      DescribeCertificate(leaf, ViewOf(parts.chain[0].der.get()));
  Sha256Of hash;
  for (ParsedCertificate& certificate : parts.chain) {
    const std::string_view der = ViewOf(certificate.der.get());
    info->chain_pem += PemOf(der);
    hash.Add(der);
    chain_.push_back(certificate.der.get());
    owned_chain_.push_back(std::move(certificate.der));
  }
  fingerprint_ = Shortened(hash.Finish());
  server_names_ = ServerNames(leaf, *info);
  demands_ocsp_ = DemandsOcsp(leaf);
  group_ = GroupOf(key_.get());
  info_ = std::move(info);
}

absl::StatusOr<std::shared_ptr<const Certificate>> Certificate::Load(const CertificateText& text) {
  const Sha256Bytes hash = Sha256Of()
                               .Add(text.chain_pem)
                               .Add(text.key_pem)
                               .Add(text.password)
                               .Add(text.pkcs12)
                               .Add(text.ocsp_response)
                               .Finish();
  if (std::shared_ptr<const Certificate> same = Loaded().Find(hash)) return same;
  absl::StatusOr<LoadedCertificate::Parts> parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  if (absl::Status status = CheckParts(*parts); !status.ok()) return status;
  std::optional<OcspClaim> claim;
  if (!text.ocsp_response.empty()) {
    absl::StatusOr<OcspClaim> read =
        ReadOcspResponse(text.ocsp_response, parts->chain[0].x509.get());
    if (!read.ok()) return read.status();
    claim = *read;
    parts->ocsp_response = text.ocsp_response;
  }
  return Loaded().Add(hash, std::make_shared<LoadedCertificate>(*std::move(parts), claim));
}

}  // namespace outrigger::net::tls
