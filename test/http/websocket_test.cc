#include "source/http/websocket.h"

#include "gtest/gtest.h"

namespace outrigger::http {
namespace {

TEST(WebSocket, AcceptsTheKeyOfTheStandard) {
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, MakesKeysOf16BytesThatDiffer) {
  const std::string key = NewWebSocketKey();
  EXPECT_EQ(key.size(), 24u);
  EXPECT_TRUE(key.ends_with("=="));
  EXPECT_NE(key, NewWebSocketKey());
}

TEST(WebSocket, HasOneNameInAnyCase) {
  EXPECT_TRUE(IsWebSocket("WebSocket"));
  EXPECT_FALSE(IsWebSocket("websocket2"));
  EXPECT_FALSE(IsWebSocket(""));
}

}  // namespace
}  // namespace outrigger::http
