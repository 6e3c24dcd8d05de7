#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "source/base/mutex.h"
#include "source/net/tls/counters.h"

namespace outrigger::net::tls {

// The one kind of Counters.
// Thread: any.
class DeclaredCounters final : public Counters {
 public:
  static const DeclaredCounters& Of(const Counters& counters) {
    return static_cast<const DeclaredCounters&>(counters);
  }
  DeclaredCounters(stats::Store& store, const stats::Scope& scope);
  ~DeclaredCounters() override;

  // What two peers agreed on, by TLS's own number for it; the name is asked for once.
  enum class Agreed : uint8_t { kVersion, kCipher, kGroup, kSignature };
  void Count(Agreed what, uint16_t number, std::string_view name) const;

 private:
  struct Named {
    uint32_t key;
    stats::GroupPtr group;
    stats::Counter counter;
  };
  const Named* Declare(uint32_t key, Agreed what, std::string_view name) const;

  stats::Store& store_;  // of the process
  const stats::GroupPtr group_;
  const stats::Scope scope_;
  // Filled from the front under the mutex, read without it. Versions, ciphers, groups and
  // signature algorithms that BoringSSL knows are fewer; what does not fit is not counted.
  static constexpr size_t kMostNamed = 64;
  mutable base::Mutex mutex_;
  mutable std::array<std::atomic<const Named*>, kMostNamed> named_{};

 public:
  const stats::Counter handshake;
  const stats::Counter session_reused;
  const stats::Counter connection_error;
  const stats::Counter no_certificate;
  const stats::Counter fail_verify_no_cert;
  const stats::Counter fail_verify_error;
  const stats::Counter fail_verify_san;
  const stats::Counter fail_verify_cert_hash;
  const stats::Counter ocsp_staple_failed;
  const stats::Counter ocsp_staple_omitted;
  const stats::Counter ocsp_staple_responses;
  const stats::Counter ocsp_staple_requests;
  const stats::Counter was_key_usage_invalid;
  const stats::Counter fail_expired;
  const stats::Counter fail_not_yet_valid;
  const stats::Counter fail_untrusted;
  const stats::Counter fail_revoked;
  const stats::Counter fail_usage;
  const stats::Counter plaintext_request;
};

}  // namespace outrigger::net::tls
