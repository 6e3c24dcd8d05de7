#include "source/http/http2/receive_window.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "source/base/check.h"
#include "test/http/http2/frames.h"

namespace outrigger::http::http2 {
namespace {

constexpr uint32_t kWindow = 65535;  // what a connection begins with: nothing is to be announced
constexpr size_t kPiece = 10000;

// A client's window on a real session, whose server sends body.
class Window {
 public:
  Window() {
    nghttp2_session_callbacks* none = nullptr;
    nghttp2_option* option = nullptr;
    CHECK(nghttp2_session_callbacks_new(&none) == 0);
    CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_http_messaging(option, 1);
    CHECK(nghttp2_session_client_new2(&session_, none, nullptr, option) == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(none);
    CHECK(nghttp2_submit_request(session_, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    Send();
    // The stream's own window is not what stops it.
    CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 1, 1 << 20) == 0);
    Send();
    Receive(Frame(NGHTTP2_SETTINGS, 0, 0, "") + Frame(NGHTTP2_HEADERS, 4, 1, "\x88"));
  }
  ~Window() { nghttp2_session_del(session_); }

  // Body comes, and a stream holds it.
  void Hold(int pieces) {
    for (int i = 0; i < pieces; ++i) {
      Receive(Frame(NGHTTP2_DATA, 0, 1, std::string(kPiece, 'x')));
      window.Hold(kPiece);
    }
    Send();
  }
  void Release(int pieces) {
    window.Release(pieces * kPiece);
    Send();
  }
  // Of what the server has used, how much it was not given back.
  int32_t used() const { return nghttp2_session_get_effective_recv_data_length(session_); }
  ReceiveWindow window{session_, kWindow};

 private:
  void Receive(const std::string& bytes) {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    CHECK(nghttp2_session_mem_recv(session_, data, bytes.size()) ==
          static_cast<ssize_t>(bytes.size()));
  }
  void Send() {
    const uint8_t* bytes = nullptr;
    while (nghttp2_session_mem_send(session_, &bytes) > 0) {
    }
  }

  nghttp2_session* session_ = nullptr;
};

TEST(ReceiveWindow, IsGivenBackWhileStreamsHoldLess) {
  Window seen;
  seen.Hold(6);
  // nghttp2 waits until half of it is used before it says so.
  EXPECT_LT(seen.used(), static_cast<int32_t>(kWindow / 2));
}

TEST(ReceiveWindow, StaysShutForWhatIsHeldBeyondIt) {
  Window seen;
  seen.Hold(6);
  const int32_t before = seen.used();
  seen.Hold(2);
  EXPECT_EQ(seen.used(), before + static_cast<int32_t>(2 * kPiece));
}

TEST(ReceiveWindow, IsGivenBackOnceLessIsHeld) {
  Window seen;
  seen.Hold(9);
  const int32_t before = seen.used();
  ASSERT_GT(before, static_cast<int32_t>(2 * kPiece));
  seen.Release(2);
  EXPECT_EQ(seen.used(), before) << "7 pieces are still more than the window";
  seen.Release(1);
  EXPECT_LT(seen.used(), before);
}

TEST(ReceiveWindow, IsCrowdedWhileMoreThanHalfOfItIsHeld) {
  Window seen;
  EXPECT_FALSE(seen.window.is_crowded());
  seen.Hold(3);
  EXPECT_FALSE(seen.window.is_crowded());
  seen.Hold(1);
  EXPECT_TRUE(seen.window.is_crowded());
  seen.Release(1);
  EXPECT_FALSE(seen.window.is_crowded());
}

}  // namespace
}  // namespace outrigger::http::http2
