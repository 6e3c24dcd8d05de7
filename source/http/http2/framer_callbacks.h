#pragma once

struct nghttp2_session_callbacks;

namespace outrigger::http::http2 {

// What nghttp2 calls; each gets the framer as user data.
struct FramerCallbacks {
  static nghttp2_session_callbacks* All();

 private:
  struct Table;
};

}  // namespace outrigger::http::http2
