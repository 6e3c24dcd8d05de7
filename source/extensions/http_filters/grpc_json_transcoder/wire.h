#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Protobuf's wire format, as far as it is needed to put fields before a message and to find them
// in one: bytes of one message behind another are the two merged.
namespace outrigger::grpc_json_transcoder {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendVarint(uint64_t value, std::string& out);
void AppendTag(int number, WireType type, std::string& out);
// A string, bytes or a message.
void AppendBytes(int number, std::string_view bytes, std::string& out);
void AppendFixed32(uint32_t value, std::string& out);
void AppendFixed64(uint64_t value, std::string& out);

struct WireField {
  int number = 0;
  WireType type = WireType::kVarint;
  std::string_view payload;  // without tag and length
  std::string_view whole;    // with them
};

// Walks the fields of one message. Groups are an error: proto3 has none.
// Lifetime: borrows the message's bytes.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}
  // The next field; nothing at the end, or where the bytes are no message.
  std::optional<WireField> Next();
  bool is_malformed() const { return is_malformed_; }

 private:
  std::optional<uint64_t> TakeVarint();
  std::string_view rest_;
  bool is_malformed_ = false;
};

}  // namespace outrigger::grpc_json_transcoder
