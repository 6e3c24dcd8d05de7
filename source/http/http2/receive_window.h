#pragma once

#include <cstddef>
#include <cstdint>

struct nghttp2_session;

namespace outrigger::http::http2 {

// The flow-control window of a whole connection for what the peer sends. What a paused stream holds
// keeps that stream's window shut, but the connection's is for all: it is given back at once, until
// the streams together hold as much as it is.
// Owner: a framer.  Limits: so a connection holds at most twice `size` bytes of body.
class ReceiveWindow {
 public:
  ReceiveWindow(nghttp2_session* const& session, uint32_t size) : session_(session), size_(size) {}

  // Body came, and waits to be delivered.
  void Hold(size_t bytes);
  // It was delivered or dropped.
  void Release(size_t bytes);
  // Body came and was dropped.
  void Skip(size_t bytes);
  // Slow readers hold so much that another stream might soon wait for them.
  bool is_crowded() const { return held_ > size_ / 2; }

 private:
  nghttp2_session* const& session_;
  const size_t size_;
  size_t held_ = 0;
  size_t owed_ = 0;  // received, and not given back
};

}  // namespace outrigger::http::http2
