#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrigger::tcp {

// Tells HTTP in plaintext from anything else by how a connection begins: the preface of HTTP/2
// (RFC 9113 3.4), or a request line of HTTP/1 (RFC 9112 3), as it comes in pieces.
// Owner: a listener filter, one for each connection.
// Limits: a line of more than kMostLineBytes is not taken for HTTP.
class HttpSniffer {
 public:
  enum class Result : uint8_t { kNeedsMore, kHttp10, kHttp11, kHttp2, kNotHttp };
  static constexpr size_t kMostLineBytes = 64 * 1024;

  // The next bytes of the connection.
  Result Push(std::string_view bytes);

 private:
  Result Take(char c);
  Result EndLine() const;

  static constexpr size_t kTailBytes = 16;
  size_t size_ = 0;             // of the line so far, or of the preface
  bool may_be_h2_ = true;       // all so far is the preface
  bool had_space_ = false;      // the method has ended
  char tail_[kTailBytes] = {};  // the last bytes of the line, in a ring
};

}  // namespace outrigger::tcp
