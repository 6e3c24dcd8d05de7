#include "source/http/grpc/message_reader.h"

#include <algorithm>
#include <cstdint>

#include "source/base/text.h"

namespace outrigger::http::grpc {
namespace {

std::string TakeFront(base::Buffer& from, size_t size) {
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    const std::string_view piece = from.Front().substr(0, size - out.size());
    out.append(piece);
    from.RemovePrefix(piece.size());
  }
  return out;
}

}  // namespace

Prefix ReadPrefix(std::string_view bytes) {
  Prefix prefix{.flags = static_cast<uint8_t>(bytes[0])};
  for (const char c : bytes.substr(1, 4)) {
    prefix.length = (prefix.length << 8) | static_cast<uint8_t>(c);
  }
  return prefix;
}

absl::StatusOr<std::optional<std::string>> MessageReader::Next() {
  if (pending_.size() < kPrefixBytes) return std::nullopt;
  const auto [flags, length] = ReadPrefix(pending_.Linearize(kPrefixBytes));
  // We ask for grpc-encoding: identity, so flag 1 (compressed) is as wrong as any other.
  if (flags != 0) {
    return base::InvalidArgument("grpc: message flag ", flags,
                                 "; only 0, uncompressed, was asked for");
  }
  if (length > max_message_bytes_) {
    return absl::ResourceExhaustedError(base::StrCat(
        "grpc: message of ", length, " bytes is over the limit of ", max_message_bytes_));
  }
  if (pending_.size() < kPrefixBytes + length) return std::nullopt;
  pending_.RemovePrefix(kPrefixBytes);
  return TakeFront(pending_, length);
}

void AppendPrefix(uint32_t length, base::Buffer& out) {
  const char prefix[kPrefixBytes] = {0, static_cast<char>(length >> 24),
                                     static_cast<char>(length >> 16),
                                     static_cast<char>(length >> 8), static_cast<char>(length)};
  out.Append(std::string_view(prefix, kPrefixBytes));
}

void AppendMessage(std::string_view message, base::Buffer& out) {
  AppendPrefix(static_cast<uint32_t>(message.size()), out);
  out.Append(message);
}

}  // namespace outrigger::http::grpc
