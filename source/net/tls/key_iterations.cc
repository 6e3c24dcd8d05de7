#include "source/net/tls/key_iterations.h"

#include <openssl/bytestring.h>

#include <algorithm>

#include "source/net/tls/boring.h"

namespace outrigger::net::tls {
namespace {

constexpr int kMostDepth = 32;
constexpr uint64_t kNotDer = ~uint64_t{0};

uint64_t NumberOf(CBS value) {
  while (CBS_len(&value) > 0 && CBS_data(&value)[0] == 0) CBS_skip(&value, 1);
  if (CBS_len(&value) > 7) return kNotDer - 1;
  uint64_t number = 0;
  uint8_t byte = 0;
  while (CBS_get_u8(&value, &byte)) number = number << 8 | byte;
  return number;
}

// False: not DER, which is fine inside an OCTET STRING: there it is only bytes.
bool Walk(CBS in, int depth, uint64_t& most) {
  if (depth > kMostDepth) return false;
  bool follows_salt = false;
  while (CBS_len(&in) > 0) {
    CBS element;
    unsigned tag = 0;
    size_t header = 0;
    if (!CBS_get_any_asn1_element(&in, &element, &tag, &header)) return false;
    CBS_skip(&element, header);
    if (tag == CBS_ASN1_INTEGER && follows_salt) most = std::max(most, NumberOf(element));
    follows_salt = tag == CBS_ASN1_OCTETSTRING;
    if ((tag & CBS_ASN1_CONSTRUCTED) != 0 && !Walk(element, depth + 1, most)) return false;
    if (tag == CBS_ASN1_OCTETSTRING) Walk(element, depth + 1, most);
  }
  return true;
}

}  // namespace

uint64_t IterationsOf(std::string_view der) {
  CBS in;
  CBS_init(&in, BytesOf(der), der.size());
  uint64_t most = 0;
  return Walk(in, 0, most) ? most : kNotDer;
}

}  // namespace outrigger::net::tls
