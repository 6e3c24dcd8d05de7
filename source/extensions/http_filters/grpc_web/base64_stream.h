#pragma once

#include <cstdint>

#include "source/base/buffer.h"

namespace outrigger::grpc_web {

// Base64 (RFC 4648 4) of a body that comes in pieces, cut anywhere: the text forms of gRPC-Web.
// Owner: a stream.  Thread: the stream's.  Limits: hold three bytes at most.

enum class Base64Error : uint8_t { kNone, kBadText, kCutShort };

// Text to bytes. Padding may stand behind any group of four, since clients put several encodings
// behind each other.
class Base64Decoder final {
 public:
  // Takes all of `text`, appends what it decodes to. `last`: nothing follows. Of no use after an
  // error.
  [[nodiscard]] Base64Error Decode(base::Buffer& text, bool last, base::Buffer& bytes);

 private:
  [[nodiscard]] Base64Error TakeGroup(base::Buffer& bytes);

  char group_[4];
  uint8_t size_ = 0;
};

// Bytes to text.
class Base64Encoder final {
 public:
  // Takes all of `bytes`. `flush`: what is held goes out too, with padding.
  void Encode(base::Buffer& bytes, bool flush, base::Buffer& text);

 private:
  uint8_t held_[3];
  uint8_t size_ = 0;
};

}  // namespace outrigger::grpc_web
