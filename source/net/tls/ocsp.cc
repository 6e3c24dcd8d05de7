#include "source/net/tls/ocsp.h"

#include <openssl/asn1.h>
#include <openssl/bytestring.h>

#include <optional>
#include <string>

#include "absl/time/civil_time.h"
#include "source/base/text.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {
namespace {

constexpr unsigned kContext0 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
constexpr unsigned kGood = CBS_ASN1_CONTEXT_SPECIFIC | 0;
constexpr unsigned kRevoked = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1;
// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1
constexpr std::string_view kBasicResponse("\x2b\x06\x01\x05\x05\x07\x30\x01\x01", 9);

absl::Status Unreadable(std::string_view part) {
  return base::InvalidArgument("ocsp_staple: is not an OCSP response in DER: cannot read its ",
                               part);
}

// "YYYYMMDDHHMMSSZ", the only form of RFC 5280 4.1.2.5.2.
std::optional<absl::Time> ReadTime(CBS& in) {
  CBS value;
  if (!CBS_get_asn1(&in, &value, CBS_ASN1_GENERALIZEDTIME)) return std::nullopt;
  const std::string_view text = ViewOf(value);
  if (text.size() != 15 || text[14] != 'Z') return std::nullopt;
  const auto year = base::ParseNumber<int>(text.substr(0, 4));
  const auto month = base::ParseNumber<int>(text.substr(4, 2));
  const auto day = base::ParseNumber<int>(text.substr(6, 2));
  const auto hour = base::ParseNumber<int>(text.substr(8, 2));
  const auto minute = base::ParseNumber<int>(text.substr(10, 2));
  const auto second = base::ParseNumber<int>(text.substr(12, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  return absl::FromCivil(absl::CivilSecond(*year, *month, *day, *hour, *minute, *second),
                         absl::UTCTimeZone());
}

// The list of SingleResponse.
bool OpenResponses(std::string_view der, CBS& responses, std::optional<uint8_t>& not_successful) {
  CBS in;
  CBS outer;
  CBS status;
  CBS explicit_bytes;
  CBS bytes;
  CBS type;
  CBS basic_octets;
  CBS basic;
  CBS data;
  CBS version;
  int has_version = 0;
  CBS_init(&in, BytesOf(der), der.size());
  if (!CBS_get_asn1(&in, &outer, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
      !CBS_get_asn1(&outer, &status, CBS_ASN1_ENUMERATED) || CBS_len(&status) != 1) {
    return false;
  }
  if (CBS_data(&status)[0] != 0) {
    not_successful = CBS_data(&status)[0];
    return false;
  }
  if (!CBS_get_asn1(&outer, &explicit_bytes, kContext0) ||
      !CBS_get_asn1(&explicit_bytes, &bytes, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&bytes, &type, CBS_ASN1_OBJECT) || ViewOf(type) != kBasicResponse ||
      !CBS_get_asn1(&bytes, &basic_octets, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_asn1(&basic_octets, &basic, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&basic, &data, CBS_ASN1_SEQUENCE) ||
      !CBS_get_optional_asn1(&data, &version, &has_version, kContext0)) {
    return false;
  }
  CBS responder;
  unsigned tag = 0;
  CBS produced_at;
  return CBS_get_any_asn1(&data, &responder, &tag) &&
         CBS_get_asn1(&data, &produced_at, CBS_ASN1_GENERALIZEDTIME) &&
         CBS_get_asn1(&data, &responses, CBS_ASN1_SEQUENCE);
}

// Whether a CertID speaks of `leaf`: by its serial number, as Envoy does; the issuer's hashes may
// be of any algorithm.
bool ReadCertificateId(CBS& response, std::string_view serial, bool& is_of_leaf) {
  CBS id;
  CBS algorithm;
  CBS name_hash;
  CBS key_hash;
  CBS number;
  if (!CBS_get_asn1(&response, &id, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&id, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&id, &name_hash, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_asn1(&id, &key_hash, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_asn1(&id, &number, CBS_ASN1_INTEGER)) {
    return false;
  }
  std::string_view digits = ViewOf(number);
  while (digits.size() > 1 && digits[0] == '\0') digits.remove_prefix(1);
  is_of_leaf = digits == serial;
  return true;
}

absl::StatusOr<OcspClaim> ReadClaim(CBS& response) {
  CBS status;
  unsigned tag = 0;
  if (!CBS_get_any_asn1(&response, &status, &tag)) return Unreadable("status");
  if (tag == kRevoked) {
    return absl::InvalidArgumentError(
        "ocsp_staple: says that the certificate is revoked; renew the certificate");
  }
  if (tag != kGood) {
    return absl::InvalidArgumentError(
        "ocsp_staple: says that the certificate is unknown; fetch a response of its issuer");
  }
  OcspClaim claim{.next_update = absl::InfiniteFuture()};
  const std::optional<absl::Time> this_update = ReadTime(response);
  if (!this_update) return Unreadable("thisUpdate");
  claim.this_update = *this_update;
  CBS next;
  int has_next = 0;
  if (!CBS_get_optional_asn1(&response, &next, &has_next, kContext0)) {
    return Unreadable("nextUpdate");
  }
  if (has_next) {
    const std::optional<absl::Time> next_update = ReadTime(next);
    if (!next_update) return Unreadable("nextUpdate");
    claim.next_update = *next_update;
  }
  return claim;
}

}  // namespace

absl::StatusOr<OcspClaim> ReadOcspResponse(std::string_view der, X509* leaf) {
  CBS responses;
  std::optional<uint8_t> not_successful;
  if (!OpenResponses(der, responses, not_successful)) {
    if (!not_successful) return Unreadable("outer parts");
    return base::InvalidArgument("ocsp_staple: is not successful: its status is ",
                                 int{*not_successful});
  }
  const ASN1_INTEGER* number = X509_get0_serialNumber(leaf);
  const std::string_view serial(reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                                static_cast<size_t>(ASN1_STRING_length(number)));
  while (CBS_len(&responses) > 0) {
    CBS response;
    bool is_of_leaf = false;
    if (!CBS_get_asn1(&responses, &response, CBS_ASN1_SEQUENCE) ||
        !ReadCertificateId(response, serial, is_of_leaf)) {
      return Unreadable("responses");
    }
    if (is_of_leaf) return ReadClaim(response);
  }
  return absl::InvalidArgumentError(
      "ocsp_staple: is of another certificate; it must be of the first of certificate_chain");
}

}  // namespace outrigger::net::tls
