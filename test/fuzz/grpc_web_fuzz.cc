// The base64 of gRPC-Web's text form, cut anywhere: decoding in pieces is decoding at once, and
// what is encoded decodes to itself.
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/extensions/http_filters/grpc_web/base64_stream.h"
#include "source/http/grpc/message_scanner.h"

namespace {

using outrigger::base::Buffer;
using outrigger::grpc_web::Base64Decoder;
using outrigger::grpc_web::Base64Encoder;
using outrigger::grpc_web::Base64Error;
using outrigger::http::grpc::MessageScanner;

struct Decoded {
  Base64Error error = Base64Error::kNone;
  std::string bytes;
};

Decoded Decode(std::string_view text, size_t piece_size) {
  Base64Decoder decoder;
  Decoded result;
  Buffer bytes;
  do {
    Buffer piece;
    piece.Append(text.substr(0, piece_size));
    text.remove_prefix(std::min(piece_size, text.size()));
    result.error = decoder.Decode(piece, text.empty(), bytes);
  } while (!text.empty() && result.error == Base64Error::kNone);
  result.bytes = bytes.ToString();
  return result;
}

std::string Encode(std::string_view bytes, size_t piece_size, bool flushes) {
  Base64Encoder encoder;
  Buffer text;
  do {
    Buffer piece;
    piece.Append(bytes.substr(0, piece_size));
    bytes.remove_prefix(std::min(piece_size, bytes.size()));
    encoder.Encode(piece, flushes || bytes.empty(), text);
  } while (!bytes.empty());
  return text.ToString();
}

uint64_t Messages(std::string_view bytes, size_t piece_size) {
  MessageScanner scanner;
  uint64_t count = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_size, bytes.size()))) {
    count += scanner.Scan(bytes.substr(0, piece_size));
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece_size = 1 + data[0] % 17;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Decoded whole = Decode(input, input.size() + 1);
  const Decoded pieces = Decode(input, piece_size);
  CHECK(whole.error == pieces.error);
  CHECK(whole.bytes == pieces.bytes);

  CHECK(Encode(input, piece_size, false) == Encode(input, input.size() + 1, false));
  for (const bool flushes : {false, true}) {
    const Decoded back = Decode(Encode(input, piece_size, flushes), piece_size);
    CHECK(back.error == Base64Error::kNone);
    CHECK(back.bytes == input);
  }
  CHECK(Messages(input, piece_size) == Messages(input, input.size() + 1));
  return 0;
}
