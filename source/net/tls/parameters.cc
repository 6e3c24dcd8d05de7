#include "source/net/tls/parameters.h"

#include <openssl/err.h>

#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "source/base/text.h"

namespace outrigger::net::tls {
namespace {

// Forward secrecy and AEAD only. In brackets: the client's choice, which is ChaCha20 where it has
// no AES instructions.
constexpr char kDefaultCiphers[] =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr char kDefaultGroups[] = "X25519:P-256:P-384";
// Without SHA-1, which BoringSSL would still take.
constexpr uint16_t kDefaultSignatures[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA384, SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_RSA_PSS_RSAE_SHA512, SSL_SIGN_RSA_PKCS1_SHA512,
};

uint16_t Number(Version version) {
  return version == Version::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

// Sets the list as a whole; where that fails, finds the entry that is to blame.
template <typename Set>
absl::Status SetList(SSL_CTX* context, const std::vector<std::string>& list, std::string_view field,
                     std::string_view remedy, Set set) {
  const std::string all = absl::StrJoin(list, ":");
  ERR_clear_error();
  if (set(context, all.c_str()) == 1) return absl::OkStatus();
  for (size_t i = 0; i < list.size(); ++i) {
    if (!list[i].empty() && set(context, list[i].c_str()) == 1) continue;
    ERR_clear_error();
    return base::InvalidArgument(field, "[", i, "]: unknown or unsupported, got \"",
                                 absl::CEscape(list[i]), "\"; ", remedy);
  }
  return base::InvalidArgument(field, ": \"", absl::CEscape(all),
                               "\" cannot be used: ", TakeErrorText());
}

}  // namespace

absl::Status Apply(const Parameters& parameters, SSL_CTX* context) {
  if (parameters.min_version > parameters.max_version) {
    return absl::InvalidArgumentError(
        "tls_params.tls_minimum_protocol_version: is above tls_maximum_protocol_version");
  }
  SSL_CTX_set_min_proto_version(context, Number(parameters.min_version));
  SSL_CTX_set_max_proto_version(context, Number(parameters.max_version));
  if (parameters.cipher_suites.empty()) {
    SSL_CTX_set_strict_cipher_list(context, kDefaultCiphers);
  } else if (absl::Status status =
                 SetList(context, parameters.cipher_suites, "tls_params.cipher_suites",
                         "known are BoringSSL's of TLS 1.2, such as ECDHE-ECDSA-AES128-GCM-SHA256; "
                         "those of TLS 1.3 are always on",
                         &SSL_CTX_set_strict_cipher_list);
             !status.ok()) {
    return status;
  }
  if (parameters.groups.empty()) {
    SSL_CTX_set1_curves_list(context, kDefaultGroups);
  } else if (absl::Status status =
                 SetList(context, parameters.groups, "tls_params.ecdh_curves",
                         "known: X25519, P-256, P-384, P-521", &SSL_CTX_set1_curves_list);
             !status.ok()) {
    return status;
  }
  if (parameters.signature_algorithms.empty()) {
    SSL_CTX_set_signing_algorithm_prefs(context, kDefaultSignatures, std::size(kDefaultSignatures));
    SSL_CTX_set_verify_algorithm_prefs(context, kDefaultSignatures, std::size(kDefaultSignatures));
  } else if (absl::Status status = SetList(
                 context, parameters.signature_algorithms, "tls_params.signature_algorithms",
                 "known are names such as ecdsa_secp256r1_sha256 and rsa_pss_rsae_sha256",
                 &SSL_CTX_set1_sigalgs_list);
             !status.ok()) {
    return status;
  }
  if (!parameters.prefer_client_ciphers) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  return absl::OkStatus();
}

void AddTo(Sha256Of& hash, const std::vector<std::string>& list) {
  hash.Add(list.size());
  for (const std::string& entry : list) hash.Add(entry);
}

void AddTo(Sha256Of& hash, const Parameters& parameters) {
  hash.Add(static_cast<uint64_t>(parameters.min_version))
      .Add(static_cast<uint64_t>(parameters.max_version))
      .Add(uint64_t{parameters.prefer_client_ciphers});
  AddTo(hash, parameters.cipher_suites);
  AddTo(hash, parameters.groups);
  AddTo(hash, parameters.signature_algorithms);
}

absl::Status AppendProtocol(std::string_view protocol, std::string& wire) {
  if (protocol.empty() || protocol.size() > 255) {
    return base::InvalidArgument("alpn_protocols: each must be 1-255 bytes, got ", protocol.size());
  }
  wire += static_cast<char>(protocol.size());
  wire += protocol;
  return absl::OkStatus();
}

}  // namespace outrigger::net::tls
