#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/net/transport.h"

// A transport that hides nothing: records of a kind, a size and bytes that are XORed. One hello
// from the client and one from the server are the handshake; who agrees on what is up to the test.
namespace outrigger::net {

constexpr char kFakeHello = 'H';
constexpr char kFakeBytes = 'B';
constexpr char kFakeEnd = 'E';
constexpr char kFakeAlert = 'A';
constexpr char kFakeMask = 0x5A;

// One record as a peer sends it; at most 16 KiB.
inline std::string FakeRecord(char kind, std::string_view text = {}) {
  std::string record{kind, static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  for (const char c : text) record += static_cast<char>(c ^ kFakeMask);
  return record;
}
inline size_t FakeRecordSize(std::string_view wire) {
  return 3 + (static_cast<size_t>(static_cast<unsigned char>(wire[1])) << 8) +
         static_cast<unsigned char>(wire[2]);
}
// The text of all whole records of bytes, and 'H', 'E' and 'A' for the others.
inline std::string FakeText(std::string_view wire) {
  std::string text;
  while (wire.size() >= 3 && wire.size() >= FakeRecordSize(wire)) {
    const size_t size = FakeRecordSize(wire);
    if (wire[0] != kFakeBytes) text += wire[0];
    if (wire[0] == kFakeBytes) {
      for (const char c : wire.substr(3, size - 3)) text += static_cast<char>(c ^ kFakeMask);
    }
    wire.remove_prefix(size);
  }
  return text;
}

struct FakeTransportOptions {
  bool is_client = false;
  bool is_open = false;                     // the handshake is done already
  std::string application_protocol;         // what the handshake agrees on
  std::string failure;                      // not empty: the handshake fails by this
  std::shared_ptr<const bool> is_outdated;  // null: never
  TlsInfo info;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(FakeTransportOptions options) : options_(std::move(options)) {
    if (options_.is_open) state_ = State::kOpen;
  }

  void Start() override {
    if (options_.is_client) wire_.Append(FakeRecord(kFakeHello));
  }
  State Receive(base::Block& block, size_t size, base::Buffer& plain) override {
    pending_.append(block.begin() + kHeadroom, size);
    char* at = block.begin();
    while (pending_.size() >= 3 && pending_.size() >= FakeRecordSize(pending_) &&
           state_ != State::kFailed && state_ != State::kEnded) {
      const size_t record = FakeRecordSize(pending_);
      if (pending_[0] == kFakeBytes && state_ == State::kOpen) {
        char* const begin = at;
        for (size_t i = 3; i < record; ++i) *at++ = static_cast<char>(pending_[i] ^ kFakeMask);
        plain.Append(base::Slice(&block, begin, record - 3));
      } else {
        TakeControl(pending_[0]);
      }
      pending_.erase(0, record);
    }
    return state_;
  }
  void Seal(base::Buffer& plain) override {
    while (!plain.empty()) {
      const size_t size = std::min<size_t>(plain.size(), 16 * 1024);
      wire_.Append(FakeRecord(kFakeBytes, plain.Linearize(size)));
      plain.RemovePrefix(size);
    }
  }
  void Finish() override { wire_.Append(FakeRecord(kFakeEnd)); }
  base::Buffer& wire() override { return wire_; }
  void NoteSocketEnd(std::string_view why) override {
    if (state_ == State::kHandshaking) {
      failure_ = why;
      state_ = State::kFailed;
    }
    is_cut_off_ = state_ == State::kOpen;
  }
  State state() const override { return state_; }
  std::string_view failure() const override { return failure_; }
  bool is_cut_off() const override { return is_cut_off_; }
  std::string_view application_protocol() const override { return options_.application_protocol; }
  const std::shared_ptr<const TlsInfo>& info() override {
    if (info_ == nullptr) info_ = std::make_shared<const TlsInfo>(options_.info);
    return info_;
  }
  bool is_outdated() const override {
    return options_.is_outdated != nullptr && *options_.is_outdated;
  }

 private:
  void TakeControl(char kind) {
    if (kind == kFakeHello && state_ == State::kHandshaking) {
      if (!options_.failure.empty()) return Fail(options_.failure);
      if (!options_.is_client) wire_.Append(FakeRecord(kFakeHello));
      state_ = State::kOpen;
    } else if (kind == kFakeEnd && state_ == State::kOpen) {
      state_ = State::kEnded;
    } else {
      Fail(kind == kFakeAlert ? "the peer sent an alert" : "no record");
    }
  }
  void Fail(std::string_view why) {
    failure_ = why;
    state_ = State::kFailed;
    if (why != "the peer sent an alert") wire_.Append(FakeRecord(kFakeAlert));
  }

  const FakeTransportOptions options_;
  State state_ = State::kHandshaking;
  bool is_cut_off_ = false;
  std::string pending_;
  std::string failure_;
  base::Buffer wire_;
  std::shared_ptr<const TlsInfo> info_;
};

class FakeServerTransports final : public ServerTransports {
 public:
  std::unique_ptr<Transport> Make() const override {
    if (!has_secrets) return nullptr;
    return std::make_unique<FakeTransport>(options);
  }
  bool Matches(const Transport&) const override { return true; }
  FakeTransportOptions options;
  bool has_secrets = true;
};

class FakeClientTransports final : public ClientTransports {
 public:
  std::unique_ptr<Transport> Make(const ClientTransportOptions& asked) const override {
    server_name = asked.server_name;
    verified_name = asked.verified_name;
    offered = asked.application_protocols;
    if (!has_secrets) return nullptr;
    FakeTransportOptions made = options;
    made.is_client = true;
    return std::make_unique<FakeTransport>(std::move(made));
  }
  FakeTransportOptions options;
  bool has_secrets = true;
  // Of the latest connection.
  mutable std::string server_name, verified_name, offered;
};

}  // namespace outrigger::net
