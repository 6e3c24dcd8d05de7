#include "source/net/tls/tls_transport.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/net/tls/failure_text.h"
#include "source/net/tls/transport_bio.h"

namespace outrigger::net::tls {
namespace {

constexpr uint8_t kMostMessagesWithoutData = 32;

uint8_t SaturatingIncrement(uint8_t value) { return value == 255 ? value : value + 1; }

}  // namespace

TlsTransport::TlsTransport(std::shared_ptr<const ContextCore> core, bssl::UniquePtr<SSL> ssl,
                           CurrentIdentity current, std::unique_ptr<const ClientAim> aim)
    : core_(std::move(core)),
      current_(std::move(current)),
      aim_(std::move(aim)),
      ssl_(std::move(ssl)),
      shown_(core_->certificate.get()) {
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_shed_handshake_config(ssl_.get(), 1);
  BIO* bio = TransportBio::New(*this);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (core_->is_server()) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    SSL_set_enforce_rsa_key_usage(ssl_.get(), core_->enforces_rsa_key_usage);
  }
}

TlsTransport::~TlsTransport() = default;

TlsTransport& TlsTransport::Of(const SSL* ssl) {
  return *static_cast<TlsTransport*>(SSL_get_app_data(ssl));
}

void TlsTransport::Start() {
  if (!core_->is_server()) Handshake();
}

Transport::State TlsTransport::Receive(base::Block& block, size_t size, base::Buffer& plain) {
  if (state_ == State::kFailed || state_ == State::kEnded) return state_;
  in_ = std::string_view(block.begin() + kHeadroom, size);
  if (state_ == State::kHandshaking) {
    const size_t n = std::min(sizeof(first_) - first_count_, size);
    std::memcpy(first_ + first_count_, in_.data(), n);
    first_count_ += static_cast<uint8_t>(n);
    Handshake();
  }
  if (state_ == State::kOpen) ReadPlain(block, plain);
  in_ = {};
  return state_;
}

void TlsTransport::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return OnHandshake();
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) Fail();
}

void TlsTransport::OnHandshake() {
  state_ = State::kOpen;
  const DeclaredCounters& count = core_->count();
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl_.get());
  if (SSL_session_reused(ssl_.get()) == 1) {
    if (core_->trust != nullptr && chain != nullptr) {
      Finding finding = core_->trust->VerifyResumed(chain, core_->peer);
      if (finding.cause != Finding::Cause::kNone && !core_->trust->accepts_untrusted()) {
        SSL_send_fatal_alert(ssl_.get(), finding.alert);
        Refuse(finding);
        return Fail();
      }
    }
    count.session_reused.Increment();
  }
  count.handshake.Increment();
  if (chain == nullptr) count.no_certificate.Increment();
  CountAgreement();
}

void TlsTransport::CountAgreement() const {
  using Agreed = DeclaredCounters::Agreed;
  const DeclaredCounters& count = core_->count();
  const SSL* ssl = ssl_.get();
  const auto version = static_cast<uint16_t>(SSL_version(ssl));
  count.Count(Agreed::kVersion, version, SSL_get_version(ssl));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    count.Count(Agreed::kCipher, SSL_CIPHER_get_protocol_id(cipher),
                SSL_CIPHER_standard_name(cipher));
  }
  if (const uint16_t group = SSL_get_curve_id(ssl)) {
    const char* name = SSL_get_curve_name(group);
    if (name != nullptr) count.Count(Agreed::kGroup, group, name);
  }
  if (const uint16_t signature = SSL_get_peer_signature_algorithm(ssl)) {
    const char* name = SSL_get_signature_algorithm_name(signature, /*include_curve=*/1);
    if (name != nullptr) count.Count(Agreed::kSignature, signature, name);
  }
}

void TlsTransport::ReadPlain(base::Block& block, base::Buffer& plain) {
  // In place: each record is copied out of the block before it is opened, so what is written here
  // is never longer than what has been taken, plus a record that began in an earlier block.
  size_t written = 0;
  int result;
  for (;;) {
    const size_t room = std::min<size_t>(block.capacity() - written, SSL3_RT_MAX_PLAIN_LENGTH);
    result = SSL_read(ssl_.get(), block.begin() + written, static_cast<int>(room));
    if (result <= 0) break;
    written += static_cast<size_t>(result);
    messages_without_data_ = 0;
  }
  if (written > 0) plain.Append(base::Slice(&block, block.begin(), written));
  if (messages_without_data_ > kMostMessagesWithoutData) {
    ExplainFailure(base::StrCat("the peer sent more than ", int{kMostMessagesWithoutData},
                                " session tickets without data between"));
    SSL_send_fatal_alert(ssl_.get(), SSL_AD_UNEXPECTED_MESSAGE);
    return Fail();
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kEnded;
      return;
    default:
      return Fail();
  }
}

ssl_verify_result_t TlsTransport::VerifyPeer(uint8_t* alert) {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl_.get());
  Finding finding;
  if (core_->trust != nullptr) finding = core_->trust->Verify(chain, core_->peer);
  if (finding.cause == Finding::Cause::kNone && aim_ != nullptr &&
      aim_->verified_name.has_value()) {
    finding = VerifyName(chain, *aim_->verified_name);
  }
  if (finding.cause == Finding::Cause::kNone) return ssl_verify_ok;
  if (core_->trust != nullptr && core_->trust->accepts_untrusted()) {
    is_chain_untrusted_ = true;
    return ssl_verify_ok;
  }
  *alert = finding.alert;
  Refuse(finding);
  return ssl_verify_invalid;
}

void TlsTransport::Refuse(const Finding& finding) {
  using Cause = Finding::Cause;
  is_verification_failed_ = true;
  ExplainFailure(finding.text);
  const DeclaredCounters& count = core_->count();
  switch (finding.cause) {
    case Cause::kNone:
      return;
    case Cause::kName:
      return count.fail_verify_san.Increment();
    case Cause::kHash:
      return count.fail_verify_cert_hash.Increment();
    case Cause::kUntrusted:
      count.fail_untrusted.Increment();
      break;
    case Cause::kExpired:
      count.fail_expired.Increment();
      break;
    case Cause::kNotYetValid:
      count.fail_not_yet_valid.Increment();
      break;
    case Cause::kRevoked:
      count.fail_revoked.Increment();
      break;
    case Cause::kUsage:
      count.fail_usage.Increment();
      break;
    case Cause::kOther:
      break;
  }
  count.fail_verify_error.Increment();
}

void TlsTransport::KeepSession(bssl::UniquePtr<SSL_SESSION> session) {
  messages_without_data_ = SaturatingIncrement(messages_without_data_);
  if (aim_ == nullptr || core_->sessions == nullptr) return;
  if (SSL_SESSION_is_resumable(session.get()) != 1) return;
  core_->sessions->Add(aim_->session_key, std::move(session));
}

void TlsTransport::ExplainFailure(std::string text) {
  if (failure_ == nullptr) failure_ = std::make_unique<std::string>(std::move(text));
}

void TlsTransport::NoteSocketEnd(std::string_view why) {
  if (state_ == State::kOpen) is_cut_off_ = true;
  if (state_ != State::kHandshaking) return;
  state_ = State::kFailed;
  ExplainFailure(std::string(why));
  core_->count().connection_error.Increment();
}

void TlsTransport::Fail() {
  const bool was_handshaking = state_ == State::kHandshaking;
  state_ = State::kFailed;
  const TakenFailure failure = TakeFailure(core_->is_server());
  const DeclaredCounters& count = core_->count();
  if (failure.reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    count.fail_verify_no_cert.Increment();
  } else if (!is_verification_failed_) {
    count.connection_error.Increment();
  }
  if (failure.reason == SSL_R_KEY_USAGE_BIT_INCORRECT) count.was_key_usage_invalid.Increment();
  if (was_handshaking && failure_ == nullptr) AnswerPlaintext();
  ExplainFailure(failure.text);
}

// A peer that does not speak TLS at all: a record begins with its type, 20 to 23, or in SSL 2 with
// a length whose first bit is set.
bool TlsTransport::AnswerPlaintext() {
  const std::string_view first(first_, first_count_);
  if (first.size() < sizeof(first_) || static_cast<uint8_t>(first[0]) >= 0x80 ||
      (first[0] >= 20 && first[0] <= 23)) {
    return false;
  }
  const std::string quoted = absl::CEscape(base::AbslView(first));
  if (!core_->is_server()) {
    ExplainFailure(base::StrCat("the server does not speak TLS: it began with \"", quoted, "\""));
    return true;
  }
  ExplainFailure(base::StrCat("the client does not speak TLS: it began with \"", quoted, "\""));
  if (!LooksLikeHttp(first)) return true;
  core_->count().plaintext_request.Increment();
  wire_.Clear();  // an alert, which such a client could not read
  wire_.Append(kPlaintextAnswer);
  return true;
}

std::string_view TlsTransport::failure() const {
  return failure_ == nullptr ? std::string_view() : std::string_view(*failure_);
}

std::string_view TlsTransport::application_protocol() const {
  const uint8_t* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

bool TlsTransport::is_outdated() const {
  if (current_ != nullptr && current_->load(std::memory_order_relaxed) != core_->identity) {
    return true;
  }
  return shown_ != nullptr && shown_->HasExpired(absl::Now());
}

}  // namespace outrigger::net::tls
