#include "source/http/http2/receive_window.h"

#include <nghttp2/nghttp2.h>

#include <utility>

namespace outrigger::http::http2 {

void ReceiveWindow::Hold(size_t bytes) {
  held_ += bytes;
  if (held_ <= size_) {
    Skip(bytes);
  } else {
    owed_ += bytes;
  }
}

void ReceiveWindow::Release(size_t bytes) {
  held_ -= bytes;
  if (owed_ > 0 && held_ <= size_) Skip(std::exchange(owed_, 0));
}

void ReceiveWindow::Skip(size_t bytes) { nghttp2_session_consume_connection(session_, bytes); }

}  // namespace outrigger::http::http2
