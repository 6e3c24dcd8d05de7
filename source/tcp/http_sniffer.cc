#include "source/tcp/http_sniffer.h"

#include "absl/strings/ascii.h"

namespace outrigger::tcp {
namespace {

using Result = HttpSniffer::Result;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kMostMethodBytes = 32;

// RFC 9110 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

}  // namespace

Result HttpSniffer::Push(std::string_view bytes) {
  for (const char c : bytes) {
    const Result result = Take(c);
    if (result != Result::kNeedsMore) return result;
  }
  return Result::kNeedsMore;
}

Result HttpSniffer::Take(char c) {
  if (may_be_h2_) {
    may_be_h2_ = c == kPreface[size_];
    if (may_be_h2_ && size_ + 1 == kPreface.size()) return Result::kHttp2;
    // "PRI * HTTP/2.0" is no request of HTTP/1.
    constexpr size_t kFirstLine = 16;
    if (!may_be_h2_ && size_ >= kFirstLine) return Result::kNotHttp;
    if (may_be_h2_ && size_ + 1 >= kFirstLine) {
      ++size_;
      return Result::kNeedsMore;
    }
  }
  if (size_ == 0 && (c == '\r' || c == '\n')) {
    may_be_h2_ = true;  // an empty line before a request (RFC 9112 2.2)
    return Result::kNeedsMore;
  }
  if (c == '\n') return EndLine();
  tail_[size_++ % kTailBytes] = c;
  if (size_ > kMostLineBytes) return Result::kNotHttp;
  if (had_space_) return c == '\0' ? Result::kNotHttp : Result::kNeedsMore;
  if (c == ' ' && size_ > 1) {
    had_space_ = true;
    return Result::kNeedsMore;
  }
  return IsTokenChar(c) && size_ <= kMostMethodBytes ? Result::kNeedsMore : Result::kNotHttp;
}

Result HttpSniffer::EndLine() const {
  std::string tail;
  for (size_t i = size_ < kTailBytes ? 0 : size_ - kTailBytes; i < size_; ++i) {
    tail += tail_[i % kTailBytes];
  }
  if (!tail.empty() && tail.back() == '\r') tail.pop_back();
  const auto ends = [&](std::string_view version) {
    return tail.size() > version.size() && tail.ends_with(version);
  };
  if (ends(" HTTP/1.1")) return Result::kHttp11;
  if (ends(" HTTP/1.0")) return Result::kHttp10;
  return Result::kNotHttp;
}

}  // namespace outrigger::tcp
