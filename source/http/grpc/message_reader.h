#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "source/base/buffer.h"

namespace outrigger::http::grpc {

inline constexpr size_t kPrefixBytes = 5;  // a flag byte, then the length, most significant first
inline constexpr size_t kDefaultMaxMessageBytes = 64u << 20;

// Cuts the body of a gRPC stream into messages.
// Owner: a stream.  Thread: the stream's.
// Limits: a message over `max_message_bytes` is an error as soon as its length is read; whoever
// appends faster than it takes messages watches pending_bytes().
// Errors: the stream is of no use after one.
class MessageReader final {
 public:
  explicit MessageReader(size_t max_message_bytes = kDefaultMaxMessageBytes)
      : max_message_bytes_(max_message_bytes) {}

  // Takes all of `body`.
  void Append(base::Buffer& body) { pending_.Append(std::move(body)); }
  // The next whole message, or nothing until more bytes come.
  absl::StatusOr<std::optional<std::string>> Next();

  size_t pending_bytes() const { return pending_.size(); }

 private:
  const size_t max_message_bytes_;
  base::Buffer pending_;
};

// What stands before a message.
struct Prefix {
  uint8_t flags = 0;  // 1: compressed
  uint32_t length = 0;
};
// The first kPrefixBytes of `bytes`, which has that many.
Prefix ReadPrefix(std::string_view bytes);
// Appends the prefix of an uncompressed message of `length` bytes.
void AppendPrefix(uint32_t length, base::Buffer& out);
// Appends `message`, uncompressed, with its prefix.
void AppendMessage(std::string_view message, base::Buffer& out);

}  // namespace outrigger::http::grpc
