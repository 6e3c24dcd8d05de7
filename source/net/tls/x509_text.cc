#include "source/net/tls/x509_text.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "source/base/text.h"
#include "source/net/address.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {
namespace {

// What lies in a memory BIO.
std::string TakeText(BIO* bio) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (BIO_mem_contents(bio, &data, &size) != 1) return {};
  return std::string(reinterpret_cast<const char*>(data), size);
}

std::string IpText(const ASN1_OCTET_STRING* bytes) {
  const auto* data = ASN1_STRING_get0_data(bytes);
  sockaddr_in v4{.sin_family = AF_INET};
  sockaddr_in6 v6{.sin6_family = AF_INET6};
  if (ASN1_STRING_length(bytes) == 4) {
    std::memcpy(&v4.sin_addr, data, 4);
    return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4)).ip();
  }
  if (ASN1_STRING_length(bytes) == 16) {
    std::memcpy(&v6.sin6_addr, data, 16);
    return Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)).ip();
  }
  return {};
}

std::string Quoted(std::string_view name) {
  constexpr size_t kMostBytes = 200;
  if (name.size() <= kMostBytes) return base::StrCat("\"", name, "\"");
  return base::StrCat("\"", name.substr(0, kMostBytes), "...\"");
}

void AddNames(X509* x509, CertificateInfo& info) {
  bssl::UniquePtr<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (const GENERAL_NAME* name : names.get()) {
    if (name->type == GEN_DNS) info.dns_names.emplace_back(Ia5Text(*name));
    if (name->type == GEN_EMAIL) info.emails.emplace_back(Ia5Text(*name));
    if (name->type == GEN_URI) info.uris.emplace_back(Ia5Text(*name));
    if (name->type == GEN_IPADD) info.ip_addresses.push_back(IpText(name->d.iPAddress));
  }
}

}  // namespace

std::string NameText(const X509_NAME* name) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return TakeText(bio.get());
}

std::string SerialText(const ASN1_INTEGER* serial) {
  bssl::UniquePtr<BIGNUM> number(ASN1_INTEGER_to_BN(serial, nullptr));
  bssl::UniquePtr<char> hex(number == nullptr ? nullptr : BN_bn2hex(number.get()));
  if (hex == nullptr) return {};
  std::string text = hex.get();
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  const size_t first = text.find_first_not_of('0');
  return first == std::string::npos ? "0" : text.substr(first);
}

absl::Time TimeOf(const ASN1_TIME* time) {
  static const ASN1_TIME* const epoch = ASN1_TIME_set(nullptr, 0);
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, epoch, time) != 1) {
    ERR_clear_error();
    return absl::InfinitePast();
  }
  return absl::UnixEpoch() + absl::Hours(24) * days + absl::Seconds(seconds);
}

std::string PemOf(std::string_view der) {
  std::string encoded;
  absl::Base64Escape(base::AbslView(der), &encoded);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t at = 0; at < encoded.size(); at += 64) {
    base::StrAppend(&pem, std::string_view(encoded).substr(at, 64), "\n");
  }
  return pem + "-----END CERTIFICATE-----\n";
}

std::string_view Ia5Text(const GENERAL_NAME& name) {
  const ASN1_IA5STRING* text = name.d.ia5;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::shared_ptr<CertificateInfo> DescribeCertificate(X509* x509, std::string_view der) {
  auto info = std::make_shared<CertificateInfo>();
  info->subject = NameText(X509_get_subject_name(x509));
  info->issuer = NameText(X509_get_issuer_name(x509));
  info->serial = SerialText(X509_get0_serialNumber(x509));
  uint8_t hash[SHA256_DIGEST_LENGTH];
  SHA256(BytesOf(der), der.size(), hash);
  info->sha256 = HexOf({reinterpret_cast<const char*>(hash), SHA256_DIGEST_LENGTH});
  SHA1(BytesOf(der), der.size(), hash);
  info->sha1 = HexOf({reinterpret_cast<const char*>(hash), SHA_DIGEST_LENGTH});
  AddNames(x509, *info);
  info->valid_from = TimeOf(X509_get0_notBefore(x509));
  info->valid_to = TimeOf(X509_get0_notAfter(x509));
  info->pem = PemOf(der);
  ERR_clear_error();
  return info;
}

std::string NameOf(X509* x509) {
  const std::string subject = NameText(X509_get_subject_name(x509));
  if (!subject.empty()) return Quoted(subject);
  // SPIFFE's certificates have names of their own only.
  CertificateInfo info;
  AddNames(x509, info);
  if (!info.uris.empty()) return Quoted(absl::CEscape(info.uris[0]));
  if (!info.dns_names.empty()) return Quoted(absl::CEscape(info.dns_names[0]));
  return base::StrCat("of serial ", SerialText(X509_get0_serialNumber(x509)));
}

std::string IssuerOf(X509* x509) { return Quoted(NameText(X509_get_issuer_name(x509))); }

}  // namespace outrigger::net::tls
