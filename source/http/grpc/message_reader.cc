#include "source/http/grpc/message_reader.h"

#include <algorithm>
#include <cstdint>

#include "source/base/text.h"

namespace outrigger::http::grpc {
namespace {

uint32_t ReadLength(std::string_view prefix) {
  uint32_t length = 0;
  for (const char c : prefix.substr(1, 4)) length = (length << 8) | static_cast<uint8_t>(c);
  return length;
}

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

absl::StatusOr<std::optional<std::string>> MessageReader::Next() {
  if (pending_.size() < kPrefixBytes) return std::nullopt;
  const std::string_view prefix = pending_.Linearize(kPrefixBytes);
  const uint32_t length = ReadLength(prefix);
  // We ask for grpc-encoding: identity, so flag 1 (compressed) is as wrong as any other.
  if (prefix[0] != 0) {
    return base::InvalidArgument("grpc: message flag ", static_cast<uint8_t>(prefix[0]),
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

void AppendMessage(std::string_view message, base::Buffer& out) {
  const auto length = static_cast<uint32_t>(message.size());
  const char prefix[kPrefixBytes] = {0, static_cast<char>(length >> 24),
                                     static_cast<char>(length >> 16),
                                     static_cast<char>(length >> 8), static_cast<char>(length)};
  out.Append(std::string_view(prefix, kPrefixBytes));
  out.Append(message);
}

}  // namespace outrigger::http::grpc
