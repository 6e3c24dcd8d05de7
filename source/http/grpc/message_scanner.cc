#include "source/http/grpc/message_scanner.h"

#include <algorithm>

namespace outrigger::http::grpc {

uint64_t MessageScanner::Scan(const base::Buffer& body) {
  uint64_t begun = 0;
  for (size_t i = 0; i < body.slice_count(); ++i) begun += Scan(body.slice(i).view());
  return begun;
}

uint64_t MessageScanner::Scan(std::string_view piece) {
  uint64_t begun = 0;
  while (!piece.empty()) {
    if (left_ != 0) {
      const size_t passed = std::min<size_t>(left_, piece.size());
      left_ -= static_cast<uint32_t>(passed);
      piece.remove_prefix(passed);
      continue;
    }
    const auto byte = static_cast<uint8_t>(piece.front());
    piece.remove_prefix(1);
    if (prefix_seen_ == 0) {
      flags_ = byte;
      length_ = 0;
    } else {
      length_ = (length_ << 8) | byte;
    }
    if (++prefix_seen_ < kPrefixBytes) continue;
    prefix_seen_ = 0;
    left_ = length_;
    ++begun;
  }
  return begun;
}

}  // namespace outrigger::http::grpc
