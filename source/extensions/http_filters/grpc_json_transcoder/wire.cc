#include "source/extensions/http_filters/grpc_json_transcoder/wire.h"

namespace outrigger::grpc_json_transcoder {

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendTag(int number, WireType type, std::string& out) {
  AppendVarint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(type), out);
}

void AppendBytes(int number, std::string_view bytes, std::string& out) {
  AppendTag(number, WireType::kBytes, out);
  AppendVarint(bytes.size(), out);
  out.append(bytes);
}

void AppendFixed32(uint32_t value, std::string& out) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendFixed64(uint64_t value, std::string& out) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::optional<uint64_t> WireReader::TakeVarint() {
  uint64_t value = 0;
  for (int i = 0; i < 10 && !rest_.empty(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  is_malformed_ = true;
  return std::nullopt;
}

std::optional<WireField> WireReader::Next() {
  if (is_malformed_ || rest_.empty()) return std::nullopt;
  const std::string_view start = rest_;
  const std::optional<uint64_t> tag = TakeVarint();
  if (!tag) return std::nullopt;
  WireField field{.number = static_cast<int>(*tag >> 3 & 0x1fffffff),
                  .type = static_cast<WireType>(*tag & 7)};
  size_t size = 0;
  switch (field.type) {
    case WireType::kVarint: {
      const std::string_view value = rest_;
      if (!TakeVarint()) return std::nullopt;
      field.payload = value.substr(0, value.size() - rest_.size());
      break;
    }
    case WireType::kFixed64:
      size = 8;
      break;
    case WireType::kFixed32:
      size = 4;
      break;
    case WireType::kBytes: {
      const std::optional<uint64_t> length = TakeVarint();
      if (!length) return std::nullopt;
      size = *length;
      break;
    }
    default:
      is_malformed_ = true;
      return std::nullopt;
  }
  if (size > rest_.size()) {
    is_malformed_ = true;
    return std::nullopt;
  }
  if (field.type != WireType::kVarint) field.payload = rest_.substr(0, size);
  rest_.remove_prefix(size);
  field.whole = start.substr(0, start.size() - rest_.size());
  return field;
}

}  // namespace outrigger::grpc_json_transcoder
