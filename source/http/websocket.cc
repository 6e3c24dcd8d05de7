#include "source/http/websocket.h"

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "source/base/text.h"
#include "source/net/tls/sha1.h"

namespace outrigger::http {

bool IsWebSocket(std::string_view upgrade) { return EqualsIgnoreCase(upgrade, "websocket"); }

std::string WebSocketAccept(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
  const auto digest = net::tls::Sha1(base::StrCat(key, kGuid));
  std::string accept;
  absl::Base64Escape({reinterpret_cast<const char*>(digest.data()), digest.size()}, &accept);
  return accept;
}

std::string NewWebSocketKey() {
  thread_local absl::BitGen random;
  const uint64_t nonce[2] = {random(), random()};
  std::string key;
  absl::Base64Escape({reinterpret_cast<const char*>(nonce), sizeof nonce}, &key);
  return key;
}

}  // namespace outrigger::http
