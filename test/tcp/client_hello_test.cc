#include "source/tcp/client_hello.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/tcp/hello.h"

namespace outrigger::tcp {
namespace {

using Result = ClientHelloReader::Result;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kWhole = Records(Hello(ServerName("WWW.Example.com") + Alpn({"h2", "http/1.1"})));

Result Read(std::string_view bytes, size_t most = 16384) {
  return ClientHelloReader(most).Push(bytes);
}

TEST(ClientHello, TellsTheServerNameAndTheProtocols) {
  ClientHelloReader reader(16384);
  EXPECT_EQ(reader.Push(kWhole), Result::kFound);
  EXPECT_EQ(reader.server_name(), "www.example.com");
  EXPECT_THAT(reader.application_protocols(), ElementsAre("h2", "http/1.1"));
}

TEST(ClientHello, IsTheSameInPiecesAndAcrossRecords) {
  const std::string hello = Hello(Extension(43, "x") + ServerName("a.test") + Alpn({"istio"}));
  for (const size_t record : {1, 2, 3, 5, 64, 16384}) {
    const std::string bytes = Records(hello, record);
    for (const size_t piece : {1, 2, 7, 1000}) {
      ClientHelloReader reader(16384);
      Result result = Result::kNeedsMore;
      for (size_t at = 0; at < bytes.size(); at += piece) {
        ASSERT_EQ(result, Result::kNeedsMore);
        result = reader.Push(std::string_view(bytes).substr(at, piece));
      }
      EXPECT_EQ(result, Result::kFound) << record << " " << piece;
      EXPECT_EQ(reader.server_name(), "a.test");
    }
  }
}

TEST(ClientHello, MayHaveNoExtensions) {
  std::string body("\3\1", 2);
  body += std::string(32, 'r') + Prefixed(1, "") + Prefixed(2, "\x13\x01") + Prefixed(1, "c");
  ClientHelloReader reader(16384);
  EXPECT_EQ(reader.Push(Records('\1' + Prefixed(3, body))), Result::kFound);
  EXPECT_EQ(reader.server_name(), "");
  EXPECT_THAT(reader.application_protocols(), IsEmpty());
}

TEST(ClientHello, IsNotTlsWhenTheFirstRecordIsNot) {
  EXPECT_EQ(Read("GET / HTTP/1.1\r\n"), Result::kNotTls);
  EXPECT_EQ(Read("\x17\3\1"), Result::kNotTls);
  EXPECT_EQ(Read("\x16\2"), Result::kNotTls);
  EXPECT_EQ(Read("\x16"), Result::kNeedsMore);
}

TEST(ClientHello, IsTooLargeByWhatItsHeadSays) {
  const std::string head = std::string("\x16\3\1", 3) + Prefixed(2, std::string(300, 'x'));
  std::string long_one = head;
  long_one.replace(5, 4, std::string("\1\0\x40\x01", 4));
  EXPECT_EQ(Read(long_one), Result::kTooLarge);
  EXPECT_EQ(Read(kWhole, 80), Result::kTooLarge);
}

TEST(ClientHello, KeepsAtMostSixtyFourProtocols) {
  ClientHelloReader reader(16384);
  EXPECT_EQ(reader.Push(Records(Hello(Alpn(std::vector<std::string>(1000, "p"))))), Result::kFound);
  EXPECT_EQ(reader.application_protocols().size(), ClientHelloReader::kMostProtocols);
}

class InvalidHello : public testing::TestWithParam<std::string> {};

TEST_P(InvalidHello, IsRefused) { EXPECT_EQ(Read(GetParam()), Result::kInvalid); }

INSTANTIATE_TEST_SUITE_P(
    Of, InvalidHello,
    testing::Values(Records("\2" + Prefixed(3, "server hello")),         // another message
                    Records('\1' + Prefixed(3, "short")),                // no room for a version
                    std::string("\x16\3\1\0\0", 5),                      // an empty fragment
                    std::string("\x16\3\1\x40\x01", 5),                  // a fragment too long
                    Records(Hello(ServerName(""))),                      // an empty name
                    Records(Hello(ServerName(std::string("a\0b", 3)))),  // NUL in a name
                    Records(Hello(ServerName(std::string(256, 'a')))),   // longer than any name
                    Records(Hello(ServerName("a") + ServerName("b"))),   // twice
                    Records(Hello(Alpn({"a"}) + Alpn({"b"}))),           // twice
                    Records(Hello(Alpn({""}))),                          // an empty protocol
                    Records(Hello(Alpn({}))),                            // an empty list
                    Records(Hello(Extension(0, std::string("\0\xff",
                                                           2)))),    // a list longer than its body
                    Records(Hello(std::string("\0\x10\0\x09", 4))),  // an extension that ends early
                    Records(Hello("x").substr(0, 5), 16384) + "\x17\3\1" +
                        std::string(5, 'x')));  // another record in between

}  // namespace
}  // namespace outrigger::tcp
