#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/net/tls/context_core.h"
#include "source/net/tls/peer_names.h"
#include "source/net/transport.h"

namespace outrigger::net::tls {

// What a client connection is about.
struct ClientAim {
  std::optional<VerifiedName> verified_name;
  std::string session_key;
};

// TLS on one connection, as its server or its client.
// Owner: the connection.  Thread: its worker.
// Errors: the first one stays; after it nothing is read or sealed.
// Limits: a handshake message of 64 KiB, one record that is not complete, 32 messages of TLS's own
// without a byte of data between, and what stands in wire(): the handshake, or 128 KiB and a
// record.
class TlsTransport final : public Transport {
 public:
  // What a context holder publishes of the context of the moment: ContextCore::identity.
  using CurrentIdentity = std::shared_ptr<const std::atomic<uint64_t>>;

  // `ssl` is of core->context; `aim` is a client's.
  TlsTransport(std::shared_ptr<const ContextCore> core, bssl::UniquePtr<SSL> ssl,
               CurrentIdentity current, std::unique_ptr<const ClientAim> aim);
  ~TlsTransport() override;

  void Start() override;
  State Receive(base::Block& block, size_t size, base::Buffer& plain) override;
  void Seal(base::Buffer& plain) override;
  void Finish() override;
  base::Buffer& wire() override { return wire_; }
  void NoteSocketEnd(std::string_view why) override;
  State state() const override { return state_; }
  std::string_view failure() const override;
  bool is_cut_off() const override { return is_cut_off_; }
  std::string_view application_protocol() const override;
  const std::shared_ptr<const TlsInfo>& info() override;
  bool is_outdated() const override;

  // From BoringSSL's callbacks, while one of the above is under way.
  static TlsTransport& Of(const SSL* ssl);
  const ContextCore& core() const { return *core_; }
  ssl_verify_result_t VerifyPeer(uint8_t* alert);
  void Show(const LoadedCertificate& certificate) { shown_ = &certificate; }
  void KeepSession(bssl::UniquePtr<SSL_SESSION> session);
  // Before BoringSSL gives up, in better words than it has.
  void ExplainFailure(std::string text);

 private:
  friend struct TransportBio;

  void Handshake();
  void OnHandshake();
  void CountAgreement() const;
  void ReadPlain(base::Block& block, base::Buffer& plain);
  void Refuse(const Finding& finding);
  void Fail();
  bool AnswerPlaintext();
  size_t NextRecordBytes();
  void SealRecord(std::string_view record);
  std::shared_ptr<const CertificateInfo> DescribePeer() const;
  bool IsPeerVerified() const;

  const std::shared_ptr<const ContextCore> core_;
  const CurrentIdentity current_;
  const std::unique_ptr<const ClientAim> aim_;
  bssl::UniquePtr<SSL> ssl_;
  std::string_view in_;  // not yet taken by BoringSSL; empty outside of Receive
  base::Buffer wire_;
  const LoadedCertificate* shown_;  // kept by core_
  std::shared_ptr<const TlsInfo> info_;
  std::unique_ptr<std::string> failure_;
  int64_t last_seal_ms_ = 0;  // monotonic
  uint32_t records_since_key_ = 0;
  State state_ = State::kHandshaking;
  uint8_t small_records_left_ = 0;
  uint8_t messages_without_data_ = 0;
  uint8_t first_count_ = 0;
  bool is_verification_failed_ = false;
  bool is_cut_off_ = false;
  bool is_chain_untrusted_ = false;         // refused by no one: accepts_untrusted
  char first_[SSL3_RT_HEADER_LENGTH] = {};  // what the peer began with
};

}  // namespace outrigger::net::tls
