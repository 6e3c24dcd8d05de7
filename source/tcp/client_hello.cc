#include "source/tcp/client_hello.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"

namespace outrigger::tcp {
namespace {

using Result = ClientHelloReader::Result;

constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHello = 1;
constexpr size_t kMostFragmentBytes = 16384;  // RFC 8446 5.1
constexpr size_t kMessageHeadBytes = 4;
constexpr uint16_t kServerNameExtension = 0, kProtocolsExtension = 16;
constexpr size_t kMostNameBytes = 255;

// Takes numbers and length-prefixed strings off the front of a string.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }

  std::optional<size_t> Number(size_t width) {
    if (rest_.size() < width) return std::nullopt;
    size_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(width);
    return value;
  }
  std::optional<std::string_view> Bytes(size_t size) {
    if (rest_.size() < size) return std::nullopt;
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  // A string behind its length, a number of `width` bytes.
  std::optional<std::string_view> String(size_t width) {
    const std::optional<size_t> size = Number(width);
    return size ? Bytes(*size) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Result ClientHelloReader::Push(std::string_view bytes) {
  while (!bytes.empty()) {
    Result result;
    if (fragment_left_ == 0) {
      record_head_[record_head_size_++] = static_cast<uint8_t>(bytes[0]);
      bytes.remove_prefix(1);
      result = TakeRecordHead();
    } else {
      const std::string_view fragment = bytes.substr(0, fragment_left_);
      bytes.remove_prefix(fragment.size());
      fragment_left_ -= fragment.size();
      result = TakeFragment(fragment);
    }
    if (result != Result::kNeedsMore) return result;
  }
  return Result::kNeedsMore;
}

Result ClientHelloReader::TakeRecordHead() {
  // What is wrong in the first record means that this is not TLS at all.
  const Result wrong = message_.empty() ? Result::kNotTls : Result::kInvalid;
  if (record_head_[0] != kHandshakeRecord) return wrong;
  if (record_head_size_ >= 2 && record_head_[1] != 3) return wrong;
  if (record_head_size_ < sizeof(record_head_)) return Result::kNeedsMore;
  fragment_left_ = static_cast<size_t>(record_head_[3]) << 8 | record_head_[4];
  record_head_size_ = 0;
  if (fragment_left_ == 0 || fragment_left_ > kMostFragmentBytes) return Result::kInvalid;
  return Result::kNeedsMore;
}

Result ClientHelloReader::TakeFragment(std::string_view bytes) {
  message_.append(bytes);
  if (static_cast<uint8_t>(message_[0]) != kClientHello) return Result::kInvalid;
  if (message_.size() < kMessageHeadBytes) return Result::kNeedsMore;
  const std::string_view message = message_;
  const size_t size = *Cursor(message.substr(1)).Number(3) + kMessageHeadBytes;
  if (size > max_bytes_) return Result::kTooLarge;
  if (message_.size() < size) return Result::kNeedsMore;
  message_.resize(size);
  return ReadMessage();
}

Result ClientHelloReader::ReadMessage() {
  constexpr size_t kVersionAndRandom = 2 + 32;
  const std::string_view message = message_;
  Cursor cursor(message.substr(kMessageHeadBytes));
  if (!cursor.Bytes(kVersionAndRandom)) return Result::kInvalid;
  const auto session = cursor.String(1);
  const auto ciphers = cursor.String(2);
  const auto compressions = cursor.String(1);
  if (!session || session->size() > 32 || !ciphers || ciphers->size() < 2 || !compressions ||
      compressions->empty()) {
    return Result::kInvalid;
  }
  if (cursor.empty()) return Result::kFound;  // a client of TLS 1.0 without extensions
  const auto extensions = cursor.String(2);
  if (!extensions || !cursor.empty()) return Result::kInvalid;
  return ReadExtensions(*extensions);
}

Result ClientHelloReader::ReadExtensions(std::string_view extensions) {
  bool has_name = false, has_protocols = false;
  Cursor cursor(extensions);
  while (!cursor.empty()) {
    const auto type = cursor.Number(2);
    const auto body = type ? cursor.String(2) : std::nullopt;
    if (!body) return Result::kInvalid;
    Result result = Result::kFound;
    if (*type == kServerNameExtension) {
      result = std::exchange(has_name, true) ? Result::kInvalid : ReadServerName(*body);
    } else if (*type == kProtocolsExtension) {
      result = std::exchange(has_protocols, true) ? Result::kInvalid : ReadProtocols(*body);
    }
    if (result != Result::kFound) return result;
  }
  return Result::kFound;
}

Result ClientHelloReader::ReadServerName(std::string_view body) {
  Cursor cursor(body);
  const auto list = cursor.String(2);
  if (!list || list->empty() || !cursor.empty()) return Result::kInvalid;
  Cursor names(*list);
  while (!names.empty()) {
    const auto type = names.Number(1);
    const auto name = names.String(2);
    if (!type || !name || name->empty()) return Result::kInvalid;
    if (*type != 0) continue;  // only host_name is defined
    if (!server_name_.empty()) return Result::kInvalid;
    if (name->size() > kMostNameBytes || name->find('\0') != name->npos) return Result::kInvalid;
    server_name_ = absl::AsciiStrToLower({name->data(), name->size()});
  }
  return Result::kFound;
}

Result ClientHelloReader::ReadProtocols(std::string_view body) {
  Cursor cursor(body);
  const auto list = cursor.String(2);
  if (!list || list->empty() || !cursor.empty()) return Result::kInvalid;
  Cursor protocols(*list);
  while (!protocols.empty()) {
    const auto protocol = protocols.String(1);
    if (!protocol || protocol->empty()) return Result::kInvalid;
    if (application_protocols_.size() < kMostProtocols) {
      application_protocols_.emplace_back(*protocol);
    }
  }
  return Result::kFound;
}

}  // namespace outrigger::tcp
