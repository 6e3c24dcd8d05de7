#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrigger::tcp {

// Reads the first message of a TLS client (RFC 8446 4.1.2, also of 1.0 to 1.2), as it comes: in
// whatever pieces of the stream, across as many records as the client likes. What we want from it
// is the server name (RFC 6066 3) and ALPN (RFC 7301 3.1).
// Owner: a listener filter, one for each connection.
// Limits: `max_bytes` of the message; at most kMostProtocols of ALPN are kept.
class ClientHelloReader {
 public:
  enum class Result : uint8_t {
    kNeedsMore,
    kFound,
    kNotTls,    // the first bytes are no handshake record
    kInvalid,   // they are, but no ClientHello follows that follows the rules
    kTooLarge,  // longer than max_bytes
  };
  static constexpr size_t kMostProtocols = 64;

  explicit ClientHelloReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The next bytes of the stream. After anything but kNeedsMore no more is taken.
  Result Push(std::string_view bytes);

  const std::string& server_name() const { return server_name_; }  // lower case; empty: none
  std::vector<std::string>& application_protocols() { return application_protocols_; }

 private:
  Result TakeRecordHead();
  Result TakeFragment(std::string_view bytes);
  Result ReadMessage();
  Result ReadExtensions(std::string_view extensions);
  Result ReadServerName(std::string_view body);
  Result ReadProtocols(std::string_view body);

  const size_t max_bytes_;
  uint8_t record_head_[5] = {};
  size_t record_head_size_ = 0;
  size_t fragment_left_ = 0;  // of the present record
  std::string message_;       // of the handshake, with its 4 bytes of head
  std::string server_name_;
  std::vector<std::string> application_protocols_;
};

}  // namespace outrigger::tcp
