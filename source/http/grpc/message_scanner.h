#pragma once

#include <cstdint>
#include <string_view>

#include "source/base/buffer.h"
#include "source/http/grpc/message_reader.h"

namespace outrigger::http::grpc {

// Follows the messages of a gRPC body that passes by, cut anywhere; holds and allocates nothing.
// Owner: a stream.  Thread: the stream's.
// Errors: none; a length that lies makes the count lie. is_inside() at the end of the body says
// that the last message is not whole.
class MessageScanner final {
 public:
  // Reads on through `body`; returns how many messages began, that is, whose prefix is complete.
  uint64_t Scan(const base::Buffer& body);
  uint64_t Scan(std::string_view piece);

  // Of the last message that began: its first byte, and its length.
  uint8_t flags() const { return flags_; }
  uint32_t length() const { return length_; }
  // Whether a message, or the prefix of one, is not complete yet.
  bool is_inside() const { return prefix_seen_ != 0 || left_ != 0; }

 private:
  uint8_t flags_ = 0;
  uint8_t prefix_seen_ = 0;  // bytes of a prefix that is not complete; 0: none
  uint32_t length_ = 0;
  uint32_t left_ = 0;  // bytes of the message that are still to come
};

}  // namespace outrigger::http::grpc
