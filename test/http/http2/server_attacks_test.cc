// What a hostile client may try on a server session: each ends in the error that the RFC names, is
// counted, and costs bounded memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "test/http/http2/server_harness.h"

namespace outrigger::http::http2 {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Malformed {
  const char* name;
  FieldTexts fields;
};

FieldTexts Without(std::string_view name) {
  FieldTexts fields = Get("/");
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}
FieldTexts With(std::string name, std::string value) {
  return Get("/", {{std::move(name), std::move(value)}});
}
FieldTexts Replaced(std::string_view name, std::string value) {
  FieldTexts fields = Get("/");
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}

class MalformedRequest : public ::testing::TestWithParam<Malformed> {};

// RFC 9113 8.1.1, and what HTTP/1 could read in another way.
TEST_P(MalformedRequest, IsAStreamErrorAndReachesNobody) {
  for (const Cuts cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(7)}) {
    ServerHarness server;
    server.Send(Hello() + Headers(1, GetParam().fields, true) + Headers(3, Get("/ok"), true), cuts);
    EXPECT_THAT(server.events(), HasSubstr("error 400 http2."));
    EXPECT_THAT(server.events(), HasSubstr("GET /ok\n")) << "other streams go on";
    EXPECT_EQ(server.frames().Count("RST_STREAM 1 PROTOCOL_ERROR"), 1u) << server.frames().Text();
    EXPECT_EQ(server.frames().Count("DATA 3 \"ok\" end"), 1u) << server.frames().Text();
    EXPECT_EQ(server.Counter("rx_messaging_error"), 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedRequest,
    ::testing::ValuesIn(std::vector<Malformed>{
        {"NoMethod", Without(":method")},
        {"NoScheme", Without(":scheme")},
        {"NoPath", Without(":path")},
        {"EmptyPath", Replaced(":path", "")},
        {"PathOfAnotherForm", Replaced(":path", "http://b.example/")},
        {"StarPathForGet", Replaced(":path", "*")},
        {"SpaceInPath", Replaced(":path", "/a b")},
        {"LineEndInPath", Replaced(":path", "/ HTTP/1.1\r\nx: y")},
        {"FragmentInPath", Replaced(":path", "/a#b")},
        {"SpaceInMethod", Replaced(":method", "GET / HTTP/1.1")},
        {"EmptyMethod", Replaced(":method", "")},
        {"EmptyScheme", Replaced(":scheme", "")},
        {"BadAuthority", Replaced(":authority", "a.example\r\nx")},
        {"UserInAuthority", Replaced(":authority", "u@a.example")},
        {"TwoMethods",
         {{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}},
        {"TwoPaths", With(":path", "/b")},
        {"UnknownPseudo", With(":unknown", "x")},
        {"StatusPseudo", With(":status", "200")},
        {"ProtocolWithoutConnect", With(":protocol", "websocket")},
        {"OtherHost", With("host", "b.example")},
        {"UpperCaseName", With("X-Upper", "x")},
        {"UpperCaseKnownName", With("Accept", "x")},
        {"EmptyName", With("", "x")},
        {"SpaceInName", With("a b", "x")},
        {"ColonInName", With("a:b", "x")},
        {"LineEndInName", With("a\r\nb", "x")},
        {"LineEndInValue", With("a", "x\r\ny: z")},
        {"CarriageReturnInValue", With("a", "x\ry")},
        {"NulInValue", With("a", std::string("x\0y", 3))},
        {"DeleteInValue", With("a", "x\x7fy")},
        {"SpaceBeforeValue", With("a", " x")},
        {"SpaceBehindValue", With("a", "x ")},
        {"Connection", With("connection", "close")},
        {"KeepAlive", With("keep-alive", "x")},
        {"ProxyConnection", With("proxy-connection", "x")},
        {"TransferEncoding", With("transfer-encoding", "chunked")},
        {"Upgrade", With("upgrade", "h2c")},
        {"OtherTe", With("te", "gzip")},
        {"LengthWithoutBody", With("content-length", "1")},
        {"LengthIsNoNumber", With("content-length", "+0")},
        {"LengthTwice", Get("/", {{"content-length", "0"}, {"content-length", "0"}})},
        {"LengthList", With("content-length", "0, 0")},
        {"ConnectWithPath",
         {{":method", "CONNECT"}, {":authority", "a:1"}, {":scheme", "http"}, {":path", "/"}}},
        {"ConnectWithoutPort", {{":method", "CONNECT"}, {":authority", "a.example"}}},
        {"ConnectWithoutAuthority", {{":method", "CONNECT"}}},
        {"PseudoBehindRegular",
         {{":method", "GET"},
          {":scheme", "http"},
          {"x", "y"},
          {":path", "/"},
          {":authority", "a"}}},
    }),
    [](const auto& info) { return info.param.name; });

struct BadBody {
  const char* name;
  std::string frames;  // behind the head of stream 1, POST with content-length 4
};
class MalformedBody : public ::testing::TestWithParam<BadBody> {};

TEST_P(MalformedBody, IsAStreamError) {
  ServerHarness server;
  server.Send(Hello() + Headers(1, Post("/", {{"content-length", "4"}}), false) +
              GetParam().frames);
  EXPECT_THAT(server.events(), HasSubstr("error 400 http2.")) << server.events();
  EXPECT_EQ(server.frames().Count("RST_STREAM 1 PROTOCOL_ERROR"), 1u) << server.frames().Text();
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedBody,
    ::testing::ValuesIn(std::vector<BadBody>{
        {"Longer", Data(1, "12345", true)},
        {"LongerInPieces", Data(1, "123", false) + Data(1, "45", false)},
        {"Shorter", Data(1, "123", true)},
        {"None", Data(1, "", true)},
        {"TrailersBeforeItsEnd", Data(1, "12", false) + Headers(1, {{"x-t", "1"}}, true)},
        {"TrailersThatDoNotEnd", Data(1, "1234", false) + Headers(1, {{"x-t", "1"}}, false)},
        {"PseudoInTrailers", Data(1, "1234", false) + Headers(1, {{":path", "/"}}, true)},
        {"ConnectionInTrailers",
         Data(1, "1234", false) + Headers(1, {{"transfer-encoding", "chunked"}}, true)},
        {"UpperCaseInTrailers", Data(1, "1234", false) + Headers(1, {{"X-T", "1"}}, true)},
    }),
    [](const auto& info) { return info.param.name; });

TEST(ServerAttack, TrailersCannotSmuggleFramingOrRouting) {
  ServerHarness server;
  server.Send(Hello() + Headers(1, Post("/"), false) +
              Headers(1, {{"content-length", "9"}, {"host", "b"}, {"x-t", "1"}}, true));
  EXPECT_THAT(server.events(), HasSubstr("trailer x-t: 1\nend\n"));
  EXPECT_EQ(server.events().find("trailer host"), std::string::npos);
  EXPECT_EQ(server.events().find("trailer content-length"), std::string::npos);
}

struct Flood {
  const char* name;
  std::string frame;
  int count;
  const char* counter;
  std::string before = Headers(1, Post("/"), false);  // stream 1, open
};
class FrameFlood : public ::testing::TestWithParam<Flood> {};

TEST_P(FrameFlood, EndsTheConnectionAndIsCounted) {
  const Flood& flood = GetParam();
  ServerHarness server;
  server.answer = nullptr;
  server.Send(Hello() + flood.before);
  std::string burst;
  for (int i = 0; i < flood.count; ++i) burst += flood.frame;
  server.Send(burst);
  ASSERT_TRUE(server.is_closed());
  EXPECT_THAT(server.frames().lines.back(), EndsWith("ENHANCE_YOUR_CALM"));
  EXPECT_EQ(server.Counter(flood.counter), 1u);
  server.FinishSending();
  EXPECT_TRUE(server.is_over());
}

// At the same rate but over a longer time they are only busy.
TEST_P(FrameFlood, IsNotOneWhenItTakesItsTime) {
  const Flood& flood = GetParam();
  if (flood.frame[3] == 9) return;  // a block is a block however long it takes
  ServerHarness server;
  server.answer = nullptr;
  server.Send(Hello() + flood.before);
  for (int second = 0; second < 4; ++second) {
    std::string part;
    for (int i = 0; i < flood.count / 4; ++i) part += flood.frame;
    server.Send(part);
    server.Turn(std::chrono::milliseconds(1001));
  }
  EXPECT_FALSE(server.is_closed());
}

INSTANTIATE_TEST_SUITE_P(
    All, FrameFlood,
    ::testing::ValuesIn(std::vector<Flood>{
        {"Ping", Ping("12345678"), 1100, "inbound_control_frames_flood"},
        {"Settings", Settings(), 1100, "inbound_control_frames_flood"},
        {"Unknown", Frame(0xbb, 0, 0, ""), 1100, "inbound_control_frames_flood"},
        {"EmptyData", Data(1, "", false), 1100, "inbound_empty_frames_flood"},
        {"OnlyPadding", Frame(0, 8, 1, std::string(1, '\0')), 1100, "inbound_empty_frames_flood"},
        {"Priority", Frame(2, 0, 1, std::string(5, '\0')), 1100, "inbound_priority_frames_flood"},
        {"WindowUpdate", Window(1, 1), 1100, "inbound_window_update_frames_flood"},
        {"WindowOfConnection", Window(0, 1), 1100, "inbound_window_update_frames_flood"},
        {"Continuation", Frame(9, 0, 1, ""), 20, "inbound_continuation_frames_flood",
         Frame(1, 0, 1, Fields(Get("/")))},
    }),
    [](const auto& info) { return info.param.name; });

TEST(ServerAttack, RapidResetEndsTheConnection) {
  ServerHarness server({.max_resets = 50});
  server.answer = nullptr;
  std::string burst = Hello();
  for (uint32_t id = 1; id < 400; id += 2) {
    burst += Headers(id, Get("/"), true) + Rst(id, NGHTTP2_CANCEL);
  }
  server.Send(burst);
  EXPECT_TRUE(server.is_closed());
  EXPECT_EQ(server.stream_count(), 51u);
  EXPECT_EQ(server.Counter("inbound_reset_flood"), 1u);
}

// The peer's fault, not its RST_STREAM, ends each stream: to an endpoint that is the same.
TEST(ServerAttack, ResetsThatWeAreMadeToSendCountTheSame) {
  const auto malformed = [](uint32_t id) { return Headers(id, With("connection", "x"), true); };
  const auto open = [](uint32_t id) { return Headers(id, Post("/"), false); };
  const std::vector<std::function<std::string(uint32_t)>> attacks = {
      malformed,
      [&](uint32_t id) { return open(id) + Window(id, 0); },
      [&](uint32_t id) { return open(id) + Window(id, 0x7fffffff); },
      [&](uint32_t id) { return open(id) + Frame(2, 0, id, Word(id) + "x"); },
      [&](uint32_t id) { return open(id) + Frame(2, 0, id, Word(0)); },
  };
  for (const auto& attack : attacks) {
    ServerHarness server({.max_resets = 50});
    server.Send(Hello());
    for (uint32_t id = 1; id < 400 && !server.is_closed(); id += 2) server.Send(attack(id));
    EXPECT_TRUE(server.is_closed());
    EXPECT_EQ(server.stream_count(), 51u);
    EXPECT_EQ(server.Counter("inbound_reset_flood"), 1u);
  }
}

TEST(ServerAttack, AcknowledgementsThatAreNotReadEndTheConnection) {
  ServerHarness server({.max_idle_frames = 1'000'000});
  server.Send(Hello());
  server.reads_output = false;
  std::string burst;
  for (int i = 0; i < 500; ++i) burst += Ping("12345678");
  for (int i = 0; i < 200 && !server.is_over(); ++i) {
    server.Send(burst);
  }
  EXPECT_EQ(server.Counter("outbound_control_flood"), 1u);
}

TEST(ServerAttack, ResponsesThatAreNotReadEndTheConnection) {
  ServerHarness server({.max_output_frames = 500});
  server.answer = [](ServerHarness::Stream& stream) { stream.RespondHead(204, true); };
  server.Send(Hello());
  server.reads_output = false;
  uint32_t id = 1;
  for (int i = 0; i < 2000 && !server.is_over(); ++i) {
    std::string burst;
    for (int n = 0; n < 50; ++n, id += 2) burst += Headers(id, Get("/"), true);
    server.Send(burst);
  }
  EXPECT_EQ(server.Counter("outbound_flood"), 1u);
}

TEST(ServerAttack, AHeadAboveItsLimitIsAnswered431) {
  ServerHarness server({.max_head_bytes = 1000});
  server.Send(Hello() + Headers(1, With("x-long", std::string(1000, 'x')), true) +
              Headers(3, Get("/ok"), true));
  EXPECT_THAT(server.events(), HasSubstr("error 431 http2.headers_too_large\nGET /ok"));
  EXPECT_EQ(server.frames().Count("HEADERS 1 {:status: 431}"), 1u);
  EXPECT_EQ(server.Counter("header_overflow"), 1u);
}

TEST(ServerAttack, TooManyFieldsAreAnswered431) {
  ServerHarness server({.max_headers = 10});
  FieldTexts fields = Get("/");
  for (int i = 0; i < 11; ++i) fields.emplace_back("x-n", "v");
  server.Send(Hello() + Headers(1, fields, true));
  EXPECT_EQ(server.events(), "error 431 http2.too_many_headers\n");
}

// One entry of the dynamic table, named again and again.
TEST(ServerAttack, AnHpackBombCostsNoMemory) {
  ServerHarness server;
  const std::string entry = "\x40" + Field("x-bomb", std::string(3000, 'b')).substr(1);
  server.Send(Hello() + Frame(1, 5, 1, Fields(Get("/")) + entry + std::string(10'000, '\xbe')) +
              Headers(3, Get("/ok"), true));
  EXPECT_THAT(server.events(), HasSubstr("error 431 http2.headers_too_large\nGET /ok"));
  EXPECT_LT(server.stream(0).head().headers.byte_size(), 70'000u);
}

TEST(ServerAttack, ABlockThatCannotFitIsNotEvenCollected) {
  ServerHarness server({.max_head_bytes = 1000, .max_continuations = 100});
  std::string burst = Hello() + Frame(1, 0, 1, Fields(Get("/")));
  for (int i = 0; i < 10; ++i) burst += Frame(9, 0, 1, Field("x", std::string(4000, 'x')));
  server.Send(burst);
  EXPECT_EQ(server.frames().lines.back(), "GOAWAY 0 ENHANCE_YOUR_CALM");
  EXPECT_EQ(server.Counter("header_overflow"), 1u);
}

struct Late {
  const char* name;
  std::string frames;
  std::string answer;
};
class LateFrame : public ::testing::TestWithParam<Late> {};

TEST_P(LateFrame, IsAnErrorWhereThePeerKnowsBetter) {
  ServerHarness server;
  server.Send(Hello() + GetParam().frames);
  EXPECT_EQ(server.frames().Count(GetParam().answer), 1u) << server.frames().Text();
}

INSTANTIATE_TEST_SUITE_P(
    All, LateFrame,
    ::testing::ValuesIn(std::vector<Late>{
        {"DataBehindTheEnd", Headers(1, Get("/"), true) + Data(1, "x", true),
         "GOAWAY 1 STREAM_CLOSED"},
        {"HeadersBehindTheEnd", Headers(1, Get("/"), true) + Headers(1, Get("/"), true),
         "GOAWAY 1 STREAM_CLOSED"},
        {"DataBehindAReset", Headers(1, Post("/"), false) + Rst(1, 8) + Data(1, "x", true),
         "RST_STREAM 1 STREAM_CLOSED"},
        {"DataBehindTheEndOfARefusedRequest",
         Headers(1, Post("/", {{"content-length", "9"}}), true) + Ping("12345678") +
             Data(1, "x", true),
         "GOAWAY 1 STREAM_CLOSED"},
        {"DataBehindTheEndOfAnOpenStream",
         Headers(1, Post("/"), false) + Frame(0, 1, 1, "x") + Data(1, "x", true),
         "GOAWAY 1 STREAM_CLOSED"},
        {"HeadersBehindAReset",
         Headers(1, Post("/"), false) + Rst(1, 8) + Headers(1, Get("/"), true),
         "RST_STREAM 1 STREAM_CLOSED"},
        {"ALowerId", Headers(5, Get("/"), true) + Headers(3, Get("/"), true),
         "GOAWAY 5 PROTOCOL_ERROR"},
        {"AnEvenId", Headers(2, Get("/"), true), "GOAWAY 0 PROTOCOL_ERROR"},
        {"DataOfAnIdleStream", Data(1, "x", true), "GOAWAY 0 PROTOCOL_ERROR"},
        {"ContinuationAlone", Headers(1, Get("/"), true) + Frame(9, 4, 1, ""),
         "GOAWAY 1 PROTOCOL_ERROR"},
        {"NoContinuation", Frame(1, 0, 1, Fields(Get("/"))) + Data(1, "x", true),
         "GOAWAY 0 PROTOCOL_ERROR"},
        {"ContinuationOfAnotherStream", Frame(1, 0, 1, Fields(Get("/"))) + Frame(9, 4, 3, ""),
         "GOAWAY 0 PROTOCOL_ERROR"},
        {"ContinuationTooLarge", Frame(1, 0, 1, Fields(Get("/"))) + HeadOfFrame(16385, 9, 4, 1),
         "GOAWAY 0 FRAME_SIZE_ERROR"},
        {"PriorityOnItself", Headers(1, Post("/"), false) + Frame(2, 0, 1, Word(1) + "x"),
         "RST_STREAM 1 PROTOCOL_ERROR"},
        {"PriorityTooShort", Headers(1, Post("/"), false) + Frame(2, 0, 1, Word(0)),
         "RST_STREAM 1 FRAME_SIZE_ERROR"},
        {"PriorityOfTheConnection", Frame(2, 0, 0, Word(1) + "x"), "GOAWAY 0 PROTOCOL_ERROR"},
        {"FrameTooLarge", Frame(0xbb, 0, 0, std::string(16385, 'x')), "GOAWAY 0 FRAME_SIZE_ERROR"},
        {"WindowOfZero", Headers(1, Post("/"), false) + Window(1, 0),
         "RST_STREAM 1 PROTOCOL_ERROR"},
        {"WindowTooLarge", Headers(1, Post("/"), false) + Window(1, 0x7fffffff),
         "RST_STREAM 1 FLOW_CONTROL_ERROR"},
        {"BadHpack", Frame(1, 5, 1, "\xff\xff\xff\xff\xff"), "GOAWAY 1 COMPRESSION_ERROR"},
    }),
    [](const auto& info) { return info.param.name; });

class OversizeFrame : public ::testing::TestWithParam<int> {};

// Whatever its type, its head is enough to refuse it, and nothing behind the head is waited for.
TEST_P(OversizeFrame, EndsTheConnection) {
  for (const size_t length : {0x4001, 0xFFFFFF}) {
    for (const Cuts cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(3)}) {
      ServerHarness server;
      server.Send(Hello() + Headers(1, Post("/"), false));
      const uint8_t type = static_cast<uint8_t>(GetParam());
      server.Send(HeadOfFrame(length, type, 0, 1) + std::string(20, '\0'), cuts);
      EXPECT_EQ(server.frames().lines.back(), "GOAWAY 1 FRAME_SIZE_ERROR");
      EXPECT_TRUE(server.is_closed());
      EXPECT_THAT(server.events(), EndsWith("error 400 http2.protocol_error\n"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TypesUpToAnUnknownOne, OversizeFrame, ::testing::Range(0, 11));

TEST(ServerAttack, OneBytePiecesOfAPausedStreamAreCopiedTogether) {
  ServerHarness server({.max_idle_frames = 1'000'000});
  server.answer = nullptr;
  server.Send(Hello() + Headers(1, Post("/"), false));
  server.stream(0).writer().PauseReading();
  std::string burst;
  for (int i = 0; i < 5000; ++i) burst += Data(1, "x", false);
  server.Send(burst);
  server.stream(0).writer().ResumeReading();
  server.Turn();
  EXPECT_EQ(server.stream(0).body().size(), 5000u);
}

}  // namespace
}  // namespace outrigger::http::http2
