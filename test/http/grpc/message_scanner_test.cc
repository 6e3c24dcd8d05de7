#include "source/http/grpc/message_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace outrigger::http::grpc {
namespace {

std::string Framed(std::string_view message) {
  base::Buffer out;
  AppendMessage(message, out);
  return out.ToString();
}

TEST(MessageScanner, CountsTheSameHoweverABodyIsCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string body;
    const uint64_t messages = random() % 20;
    for (uint64_t i = 0; i < messages; ++i) body += Framed(std::string(random() % 300, 'x'));
    MessageScanner scanner;
    uint64_t counted = 0;
    for (size_t at = 0; at < body.size();) {
      base::Buffer piece;
      const size_t size = random() % 64;
      piece.Append(std::string_view(body).substr(at, size));
      at += size;
      counted += scanner.Scan(piece);
    }
    EXPECT_EQ(counted, messages);
    EXPECT_FALSE(scanner.is_inside());
  }
}

TEST(MessageScanner, SaysWhatBegan) {
  MessageScanner scanner;
  EXPECT_EQ(scanner.Scan(std::string_view("\x80\0\0\x01\x02", 5)), 1u);
  EXPECT_EQ(scanner.flags(), 0x80);
  EXPECT_EQ(scanner.length(), 258u);
  EXPECT_TRUE(scanner.is_inside());
}

TEST(MessageScanner, CountsOneForALengthThatLies) {
  MessageScanner scanner;
  EXPECT_EQ(scanner.Scan(std::string_view("\0\xff\xff\xff\xffshort", 10)), 1u);
  EXPECT_EQ(scanner.Scan(Framed("more")), 0u);
  EXPECT_TRUE(scanner.is_inside());
}

TEST(MessageScanner, IsInsideAPrefixThatIsCutShort) {
  MessageScanner scanner;
  EXPECT_EQ(scanner.Scan(std::string_view("\0\0", 2)), 0u);
  EXPECT_TRUE(scanner.is_inside());
}

}  // namespace
}  // namespace outrigger::http::grpc
