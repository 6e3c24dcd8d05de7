#include "source/http/grpc/message_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace outrigger::http::grpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Framed(std::string_view message) {
  base::Buffer out;
  AppendMessage(message, out);
  return out.ToString();
}

std::vector<std::string> ReadInPieces(const std::string& bytes, size_t piece_size) {
  MessageReader reader;
  std::vector<std::string> messages;
  for (size_t at = 0; at < bytes.size(); at += piece_size) {
    base::Buffer piece;
    piece.Append(std::string_view(bytes).substr(at, piece_size));
    reader.Append(piece);
    while (true) {
      const auto next = reader.Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || !next->has_value()) break;
      messages.push_back(**next);
    }
  }
  EXPECT_EQ(reader.pending_bytes(), 0u);
  return messages;
}

TEST(MessageReader, CutsABodyIntoMessagesHoweverItIsSplit) {
  const std::string large(100'000, 'x');
  const std::string body = Framed("one") + Framed("") + Framed(large);
  for (const size_t piece_size : {1, 2, 3, 5, 7, 4096, 200'000}) {
    EXPECT_THAT(ReadInPieces(body, piece_size), ElementsAre("one", "", large)) << piece_size;
  }
}

absl::Status ErrorOf(MessageReader& reader, std::string_view bytes) {
  base::Buffer body;
  body.Append(bytes);
  reader.Append(body);
  return reader.Next().status();
}

TEST(MessageReader, RefusesALongMessageBeforeItArrives) {
  MessageReader reader(10);
  EXPECT_THAT(std::string(ErrorOf(reader, std::string_view("\0\0\0\0\x0b", 5)).message()),
              HasSubstr("message of 11 bytes is over the limit of 10"));
}

TEST(MessageReader, RefusesCompression) {
  MessageReader reader;
  EXPECT_THAT(std::string(ErrorOf(reader, std::string_view("\1\0\0\0\0", 5)).message()),
              HasSubstr("message flag 1; only 0"));
}

}  // namespace
}  // namespace outrigger::http::grpc
