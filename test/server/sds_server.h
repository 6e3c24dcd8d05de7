#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "test/client/raw_server.h"

namespace outrigger::server::test {

// A secret discovery service that says what the test says, one stream on one connection; frame by
// frame, on the test's own thread.
template <typename Request, typename Response>
class SdsServer {
 public:
  net::Address address() const { return raw_.address(); }
  // A client came; it is greeted.
  bool Accept() {
    if (!raw_.Accept()) return false;
    using outrigger::test::Frame;
    raw_.Send(outrigger::test::SettingsFrame());
    raw_.Send(outrigger::test::GrpcHead());
    at_ = kPreface;
    body_.clear();
    return true;
  }
  // The next request, if it is there.
  std::optional<Request> Next() {
    TakeFrames();
    if (body_.size() < kMessageHead) return std::nullopt;
    const size_t size = Number(body_, 1, 4);
    if (body_.size() < kMessageHead + size) return std::nullopt;
    Request request;
    EXPECT_TRUE(request.ParseFromString(body_.substr(kMessageHead, size)));
    body_.erase(0, kMessageHead + size);
    return request;
  }
  void Send(const Response& response) {
    const std::string message = response.SerializeAsString();
    std::string framed(1, '\0');
    for (int shift = 24; shift >= 0; shift -= 8)
      framed += static_cast<char>(message.size() >> shift);
    const std::string frame = outrigger::test::DataFrame(framed + message);
    EXPECT_EQ(raw_.Send(frame), frame.size());
  }
  void Close() { raw_.Close(); }

 private:
  static constexpr size_t kPreface = 24, kFrameHead = 9, kMessageHead = 5;
  static size_t Number(const std::string& bytes, size_t at, size_t size) {
    size_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  }
  void TakeFrames() {
    const std::string& bytes = raw_.received();
    while (bytes.size() >= at_ + kFrameHead) {
      const size_t size = Number(bytes, at_, 3);
      if (bytes.size() < at_ + kFrameHead + size) return;
      if (bytes[at_ + 3] == 0) body_ += bytes.substr(at_ + kFrameHead, size);
      at_ += kFrameHead + size;
    }
  }

  outrigger::test::RawServer raw_;
  size_t at_ = kPreface;
  std::string body_;
};

}  // namespace outrigger::server::test
