#include "source/extensions/http_filters/grpc_web/base64_stream.h"

#include <array>
#include <string_view>

namespace outrigger::grpc_web {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 255;

constexpr std::array<uint8_t, 256> kValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kInvalid);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}();

uint8_t ValueOf(char c) { return kValues[static_cast<uint8_t>(c)]; }

// Writes the four characters of one to three bytes.
char* PutGroup(const uint8_t* bytes, size_t count, char* out) {
  const uint32_t bits = (uint32_t{bytes[0]} << 16) | (count > 1 ? uint32_t{bytes[1]} << 8 : 0) |
                        (count > 2 ? uint32_t{bytes[2]} : 0);
  *out++ = kAlphabet[bits >> 18];
  *out++ = kAlphabet[(bits >> 12) & 63];
  *out++ = count > 1 ? kAlphabet[(bits >> 6) & 63] : '=';
  *out++ = count > 2 ? kAlphabet[bits & 63] : '=';
  return out;
}

}  // namespace

Base64Error Base64Decoder::TakeGroup(base::Buffer& bytes) {
  size_ = 0;
  size_t count = 3;
  if (group_[3] == '=') {
    count = group_[2] == '=' ? 1 : 2;
    group_[3] = 'A';
    if (count == 1) group_[2] = 'A';
  }
  uint32_t bits = 0;
  for (const char c : group_) {
    const uint8_t value = ValueOf(c);
    if (value == kInvalid) return Base64Error::kBadText;
    bits = (bits << 6) | value;
  }
  char* out = bytes.Reserve(3);
  out[0] = static_cast<char>(bits >> 16);
  out[1] = static_cast<char>(bits >> 8);
  out[2] = static_cast<char>(bits);
  bytes.Commit(count);
  return Base64Error::kNone;
}

Base64Error Base64Decoder::Decode(base::Buffer& text, bool last, base::Buffer& bytes) {
  while (!text.empty()) {
    const std::string_view piece = text.Front();
    for (const char c : piece) {
      group_[size_++] = c;
      if (size_ < 4) continue;
      if (const Base64Error error = TakeGroup(bytes); error != Base64Error::kNone) return error;
    }
    text.RemovePrefix(piece.size());
  }
  return last && size_ != 0 ? Base64Error::kCutShort : Base64Error::kNone;
}

void Base64Encoder::Encode(base::Buffer& bytes, bool flush, base::Buffer& text) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.Front();
    char* const room = text.Reserve((size_ + piece.size()) / 3 * 4 + 4);
    char* out = room;
    for (const char c : piece) {
      held_[size_++] = static_cast<uint8_t>(c);
      if (size_ < 3) continue;
      out = PutGroup(held_, 3, out);
      size_ = 0;
    }
    text.Commit(static_cast<size_t>(out - room));
    bytes.RemovePrefix(piece.size());
  }
  if (!flush || size_ == 0) return;
  char* const room = text.Reserve(4);
  PutGroup(held_, size_, room);
  text.Commit(4);
  size_ = 0;
}

}  // namespace outrigger::grpc_web
