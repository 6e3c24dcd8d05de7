// Peers that do not keep to TLS: what they are answered, byte for byte where RFC 8446 says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/base/text.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;
using testing::HasSubstr;
using testing::StartsWith;

// A server and bytes from a hand-made client.
class Raw {
 public:
  explicit Raw(const std::function<void(ServerSettings&)>& change = {}) {
    ServerSettings settings = PlainServer(counted);
    if (change) change(settings);
    pair = std::make_unique<Pair>(*Serving(settings), *Calling(PlainClient(counted)));
  }
  State Send(std::string_view bytes) {
    return pair->Give(pair->server(), bytes, pair->server_plain());
  }
  std::string Answer() { return pair->server().wire().ToString(); }
  std::string_view failure() { return pair->server().failure(); }
  // A well-formed ClientHello record.
  std::string ClientHello() {
    pair->client().Start();
    return pair->client().wire().ToString();
  }

  Counted counted;
  std::unique_ptr<Pair> pair;
};

std::string Alert(uint8_t number) {
  return std::string("\x15\x03\x03\x00\x02\x02", 6) + static_cast<char>(number);
}
// BoringSSL writes the version that was agreed on, or TLS 1.0's before there is one.
MATCHER_P(IsAlert, number, "") {
  return arg.size() == 7 && arg[0] == 0x15 && arg[5] == 2 && arg[6] == static_cast<char>(number);
}

constexpr int kUnexpectedMessage = 10;
constexpr int kRecordOverflow = 22;
constexpr int kHandshakeFailure = 40;
constexpr int kIllegalParameter = 47;
constexpr int kDecodeError = 50;
constexpr int kProtocolVersion = 70;
constexpr int kUnrecognizedName = 112;

TEST(BadPeer, AnswersHttpInPlainSoThatItsUserUnderstands) {
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\n\r\n", "POST /x HTTP/1.1\r\n", "DELETE /x HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n"}) {
    Raw raw;
    EXPECT_EQ(raw.Send(request), State::kFailed);
    EXPECT_THAT(raw.Answer(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(raw.Answer(), HasSubstr("This port speaks TLS"));
    EXPECT_THAT(raw.failure(), StartsWith("the client does not speak TLS: it began with \""));
    EXPECT_EQ(raw.counted["plaintext_request"], 1);
    EXPECT_EQ(raw.counted["connection_error"], 1);
  }
}

TEST(BadPeer, AnswersHttpThatComesByteByByte) {
  Raw raw;
  EXPECT_EQ(raw.Send("G"), State::kHandshaking);
  EXPECT_EQ(raw.Send("ET "), State::kHandshaking);
  EXPECT_EQ(raw.Send("/"), State::kFailed);
  EXPECT_THAT(raw.Answer(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(BadPeer, NamesWhatElseIsNotTls) {
  Raw raw;
  EXPECT_EQ(raw.Send("SSH-2.0-x\r\n"), State::kFailed);
  EXPECT_EQ(raw.failure(), "the client does not speak TLS: it began with \"SSH-2\"");
  EXPECT_EQ(raw.counted["plaintext_request"], 0);
  Counted counted;
  Pair pair(*Serving(PlainServer(counted)), *Calling(PlainClient(counted)));
  pair.client().Start();
  EXPECT_EQ(pair.Give(pair.client(), "HTTP/1.1 400 Bad Request\r\n", pair.client_plain()),
            State::kFailed);
  EXPECT_EQ(pair.client().failure(), "the server does not speak TLS: it began with \"HTTP/\"");
}

TEST(BadPeer, TakesAClientHelloInAnyPieces) {
  for (size_t cut : {1, 2, 3, 5, 100}) {
    Raw raw;
    const std::string hello = raw.ClientHello();
    for (size_t at = 0; at < hello.size(); at += cut) {
      EXPECT_EQ(raw.Send(std::string_view(hello).substr(at, cut)), State::kHandshaking);
    }
    EXPECT_THAT(raw.Answer(), StartsWith("\x16\x03\x03"));
  }
}

// RFC 8446 5.1: a message may be cut into records as one likes.
TEST(BadPeer, TakesAClientHelloAcrossRecords) {
  for (size_t cut : {1, 50}) {
    Raw raw;
    const std::string hello = raw.ClientHello().substr(5);
    for (size_t at = 0; at < hello.size(); at += cut) {
      const std::string part = hello.substr(at, cut);
      const std::string header = {0x16, 3, 1, 0, static_cast<char>(part.size())};
      EXPECT_EQ(raw.Send(header + part), State::kHandshaking);
    }
    EXPECT_THAT(raw.Answer(), StartsWith("\x16\x03\x03"));
  }
}

TEST(BadPeer, AnswersEachMalformedHandshakeWithTheAlertThatIsDue) {
  struct Case {
    std::string name;
    std::string bytes;
    int alert;
  };
  const std::string hello = Raw().ClientHello();
  std::string cut_message = hello;
  cut_message[8] = static_cast<char>(hello.size() - 5 - 4 - 10);  // claims to be shorter
  cut_message.resize(hello.size() - 10);
  cut_message[3] = static_cast<char>((cut_message.size() - 5) >> 8);
  cut_message[4] = static_cast<char>((cut_message.size() - 5) & 255);
  cut_message[7] = static_cast<char>((cut_message.size() - 9) >> 8);
  cut_message[8] = static_cast<char>((cut_message.size() - 9) & 255);
  const std::vector<Case> cases = {
      {"application data first", std::string("\x17\x03\x03\x00\x01x", 6), kUnexpectedMessage},
      {"unknown record type", std::string("\x18\x03\x03\x00\x01x", 6), kUnexpectedMessage},
      {"a ServerHello", std::string("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9), kUnexpectedMessage},
      {"a record that is too long", std::string("\x16\x03\x01\xff\xff", 5), kRecordOverflow},
      {"a message that is too long", std::string("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9),
       kIllegalParameter},
      {"an empty ClientHello", std::string("\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9),
       kDecodeError},
      {"a ClientHello cut short", cut_message, kDecodeError},
  };
  for (const Case& each : cases) {
    Raw raw;
    EXPECT_EQ(raw.Send(each.bytes), State::kFailed) << each.name;
    EXPECT_THAT(raw.Answer(), IsAlert(each.alert)) << each.name << ": " << raw.failure();
    EXPECT_EQ(raw.counted["connection_error"], 1) << each.name;
  }
}

TEST(BadPeer, RefusesOldVersions) {
  // TLS 1.1 with one cipher suite and no extensions.
  std::string hello = std::string("\x03\x02", 2) + std::string(32, 'r') +
                      std::string("\x00\x00\x02\xc0\x2b\x01\x00", 7);
  hello = std::string("\x01\x00\x00", 3) + static_cast<char>(hello.size()) + hello;
  hello = std::string("\x16\x03\x01\x00", 4) + static_cast<char>(hello.size()) + hello;
  Raw raw;
  EXPECT_EQ(raw.Send(hello), State::kFailed);
  EXPECT_THAT(raw.Answer(), IsAlert(kProtocolVersion));
  EXPECT_THAT(raw.failure(), HasSubstr("no TLS version in common"));
}

TEST(BadPeer, SurvivesAClientHelloThatIsChangedAnywhere) {
  const std::string hello = Raw().ClientHello();
  for (size_t at = 0; at < hello.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      Raw raw([](ServerSettings& server) {
        server.certificates = {Cert("server"), Cert("server_rsa")};
      });
      std::string changed = hello;
      changed[at] ^= flip;
      const State state = raw.Send(changed);
      EXPECT_TRUE(state == State::kHandshaking || state == State::kFailed);
      EXPECT_EQ(state == State::kFailed, !raw.failure().empty());
    }
  }
}

TEST(BadPeer, TakesAnyServerNameThatIsOneAndNoOther) {
  const std::string hello = Raw().ClientHello();
  const size_t at = hello.find("web.example.com");
  ASSERT_NE(at, std::string::npos);
  struct Case {
    std::string_view name;
    bool is_taken;
  };
  for (const auto& [name, is_taken] : std::vector<Case>{{"...............", true},
                                                        {"*.wild.*.*.e.co", true},
                                                        {"\xff\xfe\x01 %s%n/../", true},
                                                        {{"web\0example.com", 15}, false},
                                                        {{"\0eb.example.com", 15}, false}}) {
    Raw raw([](ServerSettings& server) {
      server.certificates = {Cert("server"), Cert("server_rsa")};
    });
    std::string changed = hello;
    changed.replace(at, name.size(), name);
    EXPECT_EQ(raw.Send(changed), is_taken ? State::kHandshaking : State::kFailed);
    if (is_taken) continue;
    EXPECT_THAT(raw.Answer(), IsAlert(kUnrecognizedName));
    EXPECT_EQ(raw.failure(), "the client sent a message that cannot be read");
  }
}

TEST(BadPeer, WaitsForTheRestOfAHandshakeThatIsCut) {
  const std::string hello = Raw().ClientHello();
  Raw raw;
  EXPECT_EQ(raw.Send(hello.substr(0, hello.size() - 1)), State::kHandshaking);
  EXPECT_EQ(raw.Answer(), "");
}

TEST(BadPeer, StaysFailed) {
  Raw raw;
  raw.Send(std::string("\x17\x03\x03\x00\x01x", 6));
  const std::string why(raw.failure());
  const std::string answer = raw.Answer();
  EXPECT_EQ(raw.Send(raw.ClientHello()), State::kFailed);
  EXPECT_EQ(raw.failure(), why);
  EXPECT_EQ(raw.Answer(), answer);
}

TEST(BadPeer, TakesAnAlertForTheEnd) {
  Raw raw;
  EXPECT_EQ(raw.Send(Alert(kHandshakeFailure)), State::kFailed);
  EXPECT_EQ(raw.failure(), "the client sent the alert handshake_failure");
}

}  // namespace
}  // namespace outrigger::net::tls
