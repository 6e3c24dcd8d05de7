#include "source/net/tls/counters.h"

#include <memory>

#include "source/base/text.h"
#include "source/net/tls/declared_counters.h"

namespace outrigger::net::tls {
namespace {

using stats::Kind;
using stats::Metric;

constexpr auto kTable = std::to_array<Metric>({
    {"ssl.handshake"},
    {"ssl.session_reused"},
    {"ssl.connection_error"},
    {"ssl.no_certificate"},
    {"ssl.fail_verify_no_cert"},
    {"ssl.fail_verify_error"},
    {"ssl.fail_verify_san"},
    {"ssl.fail_verify_cert_hash"},
    {"ssl.ocsp_staple_failed"},
    {"ssl.ocsp_staple_omitted"},
    {"ssl.ocsp_staple_responses"},
    {"ssl.ocsp_staple_requests"},
    {"ssl.was_key_usage_invalid"},
    {"ssl.fail_expired"},
    {"ssl.fail_not_yet_valid"},
    {"ssl.fail_untrusted"},
    {"ssl.fail_revoked"},
    {"ssl.fail_usage"},
    {"ssl.plaintext_request"},
});

consteval size_t At(std::string_view name) { return stats::IndexOf(kTable, name); }

std::string_view FolderOf(DeclaredCounters::Agreed what) {
  switch (what) {
    case DeclaredCounters::Agreed::kVersion:
      return "ssl.versions.";
    case DeclaredCounters::Agreed::kCipher:
      return "ssl.ciphers.";
    case DeclaredCounters::Agreed::kGroup:
      return "ssl.curves.";
    case DeclaredCounters::Agreed::kSignature:
      return "ssl.sigalgs.";
  }
  return "ssl.";
}

}  // namespace

DeclaredCounters::DeclaredCounters(stats::Store& store, const stats::Scope& scope)
    : store_(store),
      group_(store.Declare(scope, kTable)),
      scope_(scope),
      handshake(group_->counter(At("ssl.handshake"))),
      session_reused(group_->counter(At("ssl.session_reused"))),
      connection_error(group_->counter(At("ssl.connection_error"))),
      no_certificate(group_->counter(At("ssl.no_certificate"))),
      fail_verify_no_cert(group_->counter(At("ssl.fail_verify_no_cert"))),
      fail_verify_error(group_->counter(At("ssl.fail_verify_error"))),
      fail_verify_san(group_->counter(At("ssl.fail_verify_san"))),
      fail_verify_cert_hash(group_->counter(At("ssl.fail_verify_cert_hash"))),
      ocsp_staple_failed(group_->counter(At("ssl.ocsp_staple_failed"))),
      ocsp_staple_omitted(group_->counter(At("ssl.ocsp_staple_omitted"))),
      ocsp_staple_responses(group_->counter(At("ssl.ocsp_staple_responses"))),
      ocsp_staple_requests(group_->counter(At("ssl.ocsp_staple_requests"))),
      was_key_usage_invalid(group_->counter(At("ssl.was_key_usage_invalid"))),
      fail_expired(group_->counter(At("ssl.fail_expired"))),
      fail_not_yet_valid(group_->counter(At("ssl.fail_not_yet_valid"))),
      fail_untrusted(group_->counter(At("ssl.fail_untrusted"))),
      fail_revoked(group_->counter(At("ssl.fail_revoked"))),
      fail_usage(group_->counter(At("ssl.fail_usage"))),
      plaintext_request(group_->counter(At("ssl.plaintext_request"))) {}

DeclaredCounters::~DeclaredCounters() {
  for (std::atomic<const Named*>& slot : named_) delete slot.load(std::memory_order_acquire);
}

void DeclaredCounters::Count(Agreed what, uint16_t number, std::string_view name) const {
  const uint32_t key = (static_cast<uint32_t>(what) << 16) | number;
  for (const std::atomic<const Named*>& slot : named_) {
    const Named* named = slot.load(std::memory_order_acquire);
    if (named == nullptr) break;
    if (named->key == key) return named->counter.Increment();
  }
  if (const Named* named = Declare(key, what, name)) named->counter.Increment();
}

const DeclaredCounters::Named* DeclaredCounters::Declare(uint32_t key, Agreed what,
                                                         std::string_view name) const {
  // On a worker, but once for each name in the life of a listener or cluster.
  base::MutexLock lock(mutex_);
  for (std::atomic<const Named*>& slot : named_) {
    const Named* named = slot.load(std::memory_order_relaxed);
    if (named != nullptr && named->key == key) return named;
    if (named != nullptr) continue;
    stats::GroupPtr group =
        store_.DeclareOne(scope_, base::StrCat(FolderOf(what), name), Kind::kCounter);
    const stats::Counter counter = group->counter(0);
    named = new Named{.key = key, .group = std::move(group), .counter = counter};
    slot.store(named, std::memory_order_release);
    return named;
  }
  return nullptr;
}

std::shared_ptr<const Counters> Counters::Declare(stats::Store& store, const stats::Scope& scope) {
  return std::make_shared<DeclaredCounters>(store, scope);
}

}  // namespace outrigger::net::tls
