// What requests are taken for, and which are refused: one table each, every line run whole, byte by
// byte and in random pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

struct Accepted {
  const char* name;
  std::string input;
  std::string events;
};
void PrintTo(const Accepted& c, std::ostream* out) { *out << c.name; }

struct Outcome {
  std::string events;
  std::string output;
  bool is_closed;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
void PrintTo(const Outcome& o, std::ostream* out) {
  *out << "events:\n" << o.events << "output:\n" << o.output << "closed: " << o.is_closed;
}

Outcome Run(const Options& options, std::string_view input, Cuts cuts) {
  ServerHarness server(options);
  server.Send(input, cuts);
  return {server.events(), server.TakeOutput(), server.is_closed()};
}

// The same, however the input is cut.
Outcome RunInAllCuts(const Options& options, std::string_view input) {
  Outcome whole = Run(options, input, Cuts::Whole());
  EXPECT_EQ(Run(options, input, Cuts::Bytes()), whole) << "byte by byte";
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(Run(options, input, Cuts::Random(seed * 7919)), whole) << "random cuts " << seed;
  }
  return whole;
}

Options Permissive() {
  Options options;
  options.enable_trailers = true;
  options.allow_http10 = true;
  options.default_host_http10 = "default.test";
  return options;
}

class AcceptedRequest : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedRequest, IsUnderstoodInAnyPieces) {
  const Outcome outcome = RunInAllCuts(Permissive(), GetParam().input);
  EXPECT_EQ(outcome.events, GetParam().events);
  EXPECT_THAT(outcome.output, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
}

const Accepted kAccepted[] = {
    {"Minimal", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\nend\n"},
    {"CaseOrderAndInnerSpaceAreKept",
     "GET /p?q=1 HTTP/1.1\r\nHost: a:80\r\nX-ONE:1\r\nx-two: \t2  2\t \r\nX-Empty:\r\n"
     "X-Blank:  \r\nx-one: 3\r\n\r\n",
     "GET /p?q=1 HTTP/1.1\nHost: a:80\nX-ONE: 1\nx-two: 2  2\nX-Empty: \nX-Blank: \nx-one: "
     "3\nend\n"},
    {"ObsTextInAValue", "GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\xff\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nX: caf\xc3\xa9\xff\nend\n"},
    {"EveryTokenCharacter",
     "M!#$%&'*+-.^_`|~ /a HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: v\r\n\r\n",
     "M!#$%&'*+-.^_`|~ /a HTTP/1.1\nHost: a\n!#$%&'*+-.^_`|~09azAZ: v\nend\n"},
    {"OneEmptyLineBeforeIsForgiven", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nend\n"},
    {"LengthBody", "POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     "POST /u HTTP/1.1\nHost: a\nContent-Length: 5\nbody: \"hello\"\nend\n"},
    {"LengthZero", "POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
     "POST /u HTTP/1.1\nHost: a\nContent-Length: 0\nend\n"},
    {"LengthWithLeadingZeros", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0003\r\n\r\nabc",
     "POST / HTTP/1.1\nHost: a\nContent-Length: 0003\nbody: \"abc\"\nend\n"},
    {"GetWithABody", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
     "GET / HTTP/1.1\nHost: a\nContent-Length: 2\nbody: \"hi\"\nend\n"},
    {"ChunkedBody",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\nbody: \"abc0123456789\"\nend\n"},
    {"ChunkedInAnyCase",
     "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\nbody: \"x\"\nend\n"},
    {"ChunkExtensions",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2;a=b;c=\"d e\" ;f\r\nhi\r\n0;last\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\nbody: \"hi\"\nend\n"},
    {"Trailers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-more:2\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\nbody: \"hi\"\ntrailer X-Sum: 1\ntrailer x-more: 2\nend\n"},
    {"FramingFieldsInTrailersAreDropped",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\nContent-Length: 5\r\nHost: b\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n"
     "Authorization: x\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\ntrailer X-A: 1\nend\n"},
    {"Pipelined",
     "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
     "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /1 HTTP/1.1\nHost: a\nend\nPOST /2 HTTP/1.1\nHost: a\nContent-Length: 1\nbody: "
     "\"x\"\nend\nGET /3 HTTP/1.1\nHost: a\nend\n"},
    {"HopByHopFieldsEndHere",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\n"
     "Proxy-Connection: close\r\nUpgrade: h2c\r\nTE: gzip\r\nX-End: 1\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nX-End: 1\nend\n"},
    {"EndToEndFieldsCannotBeNominatedAway",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: authorization, host, x-forwarded-for\r\n"
     "Authorization: b\r\nX-Forwarded-For: c\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nAuthorization: b\nX-Forwarded-For: c\nend\n"},
    {"TeTrailersIsKept",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip, trailers\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nTE: trailers\nend\n"},
    {"AbsoluteForm", "GET http://b.test:81/p?q HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n",
     "GET /p?q HTTP/1.1\nHost: b.test:81\nX: 1\nend\n"},
    {"AbsoluteFormWithoutAPath", "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET / HTTP/1.1\nHost: b\nend\n"},
    {"AbsoluteFormWithOnlyAQuery", "GET http://b?x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /?x=1 HTTP/1.1\nHost: b\nend\n"},
    {"AbsoluteFormOfAsterisk", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n",
     "OPTIONS * HTTP/1.1\nHost: b\nend\n"},
    {"AsteriskForm", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\nHost: a\nend\n"},
    {"AuthorityForm", "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
     "CONNECT  HTTP/1.1\nHost: b:443\n"},
    {"Upgrade",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, UPGRADE\r\nUpgrade: WebSocket\r\n"
     "Content-Length: 0\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nContent-Length: 0\nupgrade to WebSocket\n"},
    {"UpgradeThatConnectionDoesNotName", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nend\n"},
    {"UpgradeWithABody",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Content-Length: 1\r\n\r\nx",
     "POST / HTTP/1.1\nHost: a\nContent-Length: 1\nbody: \"x\"\nend\n"},
    {"UpgradeWithAChunkedBody",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "POST / HTTP/1.1\nHost: a\nend\n"},
    {"UpgradeToHttp2",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMAAABk\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nend\n"},
    {"UpgradeToHttp2AmongOthers",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nend\n"},
    {"SeveralUpgrades",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Upgrade: h2c\r\n\r\n",
     "GET / HTTP/1.1\nHost: a\nend\n"},
    {"UpgradeInHttp10",
     "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
     "GET / HTTP/1.0\nHost: a\nend\n"},
    {"Ipv6Host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
     "GET / HTTP/1.1\nHost: [::1]:8080\nend\n"},
    {"Http10", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\nHost: a\nend\n"},
    {"Http10WithoutHost", "GET / HTTP/1.0\r\nX: 1\r\n\r\n",
     "GET / HTTP/1.0\nX: 1\nhost: default.test\nend\n"},
    {"Http10WithLength", "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
     "POST / HTTP/1.0\nHost: a\nContent-Length: 2\nbody: \"hi\"\nend\n"},
};
INSTANTIATE_TEST_SUITE_P(Table, AcceptedRequest, testing::ValuesIn(kAccepted),
                         [](const auto& info) { return info.param.name; });

struct Refused {
  const char* name;
  std::string input;
  int status;
  const char* detail;
};
void PrintTo(const Refused& c, std::ostream* out) { *out << c.name; }

class RefusedRequest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedRequest, IsAnsweredAndClosedInAnyPieces) {
  const Outcome outcome = RunInAllCuts(Options(), GetParam().input);
  const std::string status = std::to_string(GetParam().status);
  EXPECT_THAT(outcome.events,
              testing::EndsWith("error " + status + " " + GetParam().detail + "\n"));
  EXPECT_THAT(outcome.output, testing::HasSubstr("HTTP/1.1 " + status + " "));
  EXPECT_THAT(outcome.output, testing::HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(outcome.is_closed);
}

std::string Get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n";
}
std::string Post(std::string_view fields, std::string_view body = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n" + std::string(body);
}
std::string Chunked(std::string_view body) { return Post("Transfer-Encoding: chunked", body); }
using namespace std::string_literals;

const Refused kRefusedLines[] = {
    {"Http09", "GET /\r\n\r\n", 400, "http1_http09_refused"},
    {"Http10", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 426, "http1_http10_refused"},
    {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http1_http2_preface"},
    {"Http2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http1_version_not_supported"},
    {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "http1_version_not_supported"},
    {"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"VersionWithMoreDigits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"ShortVersion", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"NoVersionNumber", "GET / HTTP\r\n\r\n", 400, "http1_bad_version"},
    {"SpaceAfterVersion", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"TwoSpacesBeforeTarget", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"TwoSpacesAfterTarget", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_version"},
    {"TabInTarget", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"NulInTarget", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "http1_bad_target"},
    {"NonAsciiTarget", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"FragmentInTarget", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"NoTarget", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_http09_refused"},
    {"RelativeTarget", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"AsteriskForGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"OtherScheme", "GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"UserinfoInTarget", "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"AbsoluteWithoutAuthority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400,
     "http1_bad_target"},
    {"ConnectWithALength", "CONNECT b:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400,
     "http1_connect_with_body"},
    {"ConnectWithACoding",
     "CONNECT b:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
     "http1_connect_with_body"},
    {"ConnectToAPath", "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"ConnectWithoutAPort", "CONNECT b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_target"},
    {"EmptyMethod", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_method"},
    {"MethodWithASeparator", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_method"},
    {"TabAfterMethod", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_method"},
    {"TlsHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400, "http1_bad_method"},
    {"TwoEmptyLinesBefore", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bad_method"},
    {"BareLfBefore", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1_bare_lf"},
    {"BareLfAfterRequestLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "http1_bare_lf"},
    {"BareCrAfterRequestLine", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "http1_bare_cr"},
    {"BareLfAfterField", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "http1_bare_lf"},
    {"BareLfAtEnd", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "http1_bare_lf"},
    {"OnlyBareLfs", "GET / HTTP/1.1\nHost: a\n\n", 400, "http1_bare_lf"},
    {"BareCrInValue", Get("X: a\rb"), 400, "http1_bare_cr"},
    {"BareLfInValue", Get("X: a\nb: c"), 400, "http1_bare_lf"},
    {"CrCrLf", Get("X: a\r"), 400, "http1_bare_cr"},
    {"NulInValue", Get("X: a\0b"s), 400, "http1_bad_header_value"},
    {"DelInValue", Get("X: a\x7f"), 400, "http1_bad_header_value"},
    {"EscapeInValue", Get("X: \x1b[1m"), 400, "http1_bad_header_value"},
    {"VerticalTabInValue", Get("X: a\vb"), 400, "http1_bad_header_value"},
    {"NulInName", Get("X\0Y: a"s), 400, "http1_bad_header_name"},
    {"NonAsciiName", Get("X\xc3\xa9: a"), 400, "http1_bad_header_name"},
    {"SpaceBeforeColon", Get("X : a"), 400, "http1_space_before_colon"},
    {"TabBeforeColon", Get("X\t: a"), 400, "http1_space_before_colon"},
    {"SpaceBeforeColonOfAKnownName", Get("Transfer-Encoding : chunked"), 400,
     "http1_space_before_colon"},
    {"SpaceInName", Get("X Y: a"), 400, "http1_bad_header_name"},
    {"EmptyName", Get(": a"), 400, "http1_bad_header_name"},
    {"NoColon", Get("Foo"), 400, "http1_bad_header_name"},
    {"NoColonBeforeAnother", Get("Foo\r\nX: a"), 400, "http1_bad_header_name"},
    {"BareCrInName", Get("X\rY: a"), 400, "http1_bare_cr"},
    {"ObsFold", Get("X: a\r\n b"), 400, "http1_obs_fold"},
    {"ObsFoldWithATab", Get("X: a\r\n\tb: c"), 400, "http1_obs_fold"},
    {"SpaceBeforeTheFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "http1_obs_fold"},
    {"NoHost", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400, "http1_no_host"},
    {"NoHostInAbsoluteForm", "GET http://b/ HTTP/1.1\r\n\r\n", 400, "http1_no_host"},
    {"TwoHosts", Get("Host: a"), 400, "http1_several_hosts"},
    {"TwoHostsInAbsoluteForm", "GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400,
     "http1_several_hosts"},
    {"EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "http1_bad_host"},
    {"HostList", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "http1_bad_host"},
    {"HostWithAPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "http1_bad_host"},
    {"HostWithUserinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "http1_bad_host"},
    {"HostWithABadPort", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400, "http1_bad_host"},
    {"HostWithTwoPorts", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, "http1_bad_host"},
    {"UnclosedIpv6Host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "http1_bad_host"},
};
INSTANTIATE_TEST_SUITE_P(Lines, RefusedRequest, testing::ValuesIn(kRefusedLines),
                         [](const auto& info) { return info.param.name; });

// Two parsers that read one of these in two ways see two different next requests.
const Refused kSmuggling[] = {
    {"LengthThenCoding", Post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400,
     "http1_content_length_and_transfer_encoding"},
    {"CodingThenLength", Post("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n"), 400,
     "http1_content_length_and_transfer_encoding"},
    {"BadCodingWithLength", Post("Content-Length: 4\r\nTransfer-Encoding: xchunked"), 400,
     "http1_content_length_and_transfer_encoding"},
    {"TwoLengths", Post("Content-Length: 4\r\nContent-Length: 5"), 400,
     "http1_several_content_lengths"},
    {"TwoEqualLengths", Post("Content-Length: 4\r\nContent-Length: 4"), 400,
     "http1_several_content_lengths"},
    {"TwoLengthsInOtherCase", Post("Content-Length: 4\r\ncontent-length: 4"), 400,
     "http1_several_content_lengths"},
    {"LengthList", Post("Content-Length: 4, 5"), 400, "http1_several_content_lengths"},
    {"EqualLengthList", Post("Content-Length: 4, 4"), 400, "http1_several_content_lengths"},
    {"LengthWithATrailingComma", Post("Content-Length: 4,"), 400, "http1_several_content_lengths"},
    {"LengthWithPlus", Post("Content-Length: +4"), 400, "http1_bad_content_length"},
    {"NegativeLength", Post("Content-Length: -4"), 400, "http1_bad_content_length"},
    {"HexLength", Post("Content-Length: 0x4"), 400, "http1_bad_content_length"},
    {"LengthWithInnerSpace", Post("Content-Length: 5 6"), 400, "http1_bad_content_length"},
    {"LengthWithAPoint", Post("Content-Length: 4.0"), 400, "http1_bad_content_length"},
    {"LengthWithAnExponent", Post("Content-Length: 1e1"), 400, "http1_bad_content_length"},
    {"LengthWithUnderscore", Post("Content-Length: 1_0"), 400, "http1_bad_content_length"},
    {"EmptyLength", Post("Content-Length:"), 400, "http1_bad_content_length"},
    {"LengthOverInt64", Post("Content-Length: 9223372036854775808"), 400,
     "http1_bad_content_length"},
    {"LengthOverUint64", Post("Content-Length: 18446744073709551620"), 400,
     "http1_bad_content_length"},
    {"LengthOfManyDigits", Post("Content-Length: 99999999999999999999999999"), 400,
     "http1_bad_content_length"},
    {"LengthInQuotes", Post("Content-Length: \"4\""), 400, "http1_bad_content_length"},
    {"ArabicDigits", Post("Content-Length: \xd9\xa4"), 400, "http1_bad_content_length"},
    {"TwoCodings", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400,
     "http1_bad_transfer_encoding"},
    {"TwoCodingFields", Post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), 400,
     "http1_bad_transfer_encoding"},
    {"ChunkedTwiceInAList", Post("Transfer-Encoding: chunked, chunked"), 400,
     "http1_bad_transfer_encoding"},
    {"ChunkedNotLast", Post("Transfer-Encoding: chunked, gzip"), 400,
     "http1_bad_transfer_encoding"},
    {"ChunkedThenIdentity", Post("Transfer-Encoding: chunked, identity"), 400,
     "http1_bad_transfer_encoding"},
    {"IdentityThenChunked", Post("Transfer-Encoding: identity, chunked"), 501,
     "http1_transfer_encoding_not_supported"},
    {"GzipThenChunked", Post("Transfer-Encoding: gzip, chunked"), 501,
     "http1_transfer_encoding_not_supported"},
    {"Identity", Post("Transfer-Encoding: identity"), 400, "http1_bad_transfer_encoding"},
    {"Gzip", Post("Transfer-Encoding: gzip"), 400, "http1_bad_transfer_encoding"},
    {"XChunked", Post("Transfer-Encoding: xchunked"), 400, "http1_bad_transfer_encoding"},
    {"ChunkedX", Post("Transfer-Encoding: chunkedx"), 400, "http1_bad_transfer_encoding"},
    {"ChunkedInQuotes", Post("Transfer-Encoding: \"chunked\""), 400, "http1_bad_transfer_encoding"},
    {"ChunkedWithAParameter", Post("Transfer-Encoding: chunked;q=1"), 400,
     "http1_bad_transfer_encoding"},
    {"ChunkedAfterAComma", Post("Transfer-Encoding: , chunked"), 400,
     "http1_bad_transfer_encoding"},
    {"ChunkedBeforeAComma", Post("Transfer-Encoding: chunked,"), 400,
     "http1_bad_transfer_encoding"},
    {"EmptyCoding", Post("Transfer-Encoding:"), 400, "http1_bad_transfer_encoding"},
    {"VerticalTabBeforeChunked", Post("Transfer-Encoding: \vchunked"), 400,
     "http1_bad_header_value"},
    {"FormFeedAfterChunked", Post("Transfer-Encoding: chunked\f"), 400, "http1_bad_header_value"},
    {"NoBreakSpaceBeforeChunked",
     Post("Transfer-Encoding: \xa0"
          "chunked"),
     400, "http1_bad_transfer_encoding"},
    {"CodingBehindAFold", Post("X: a\r\n Transfer-Encoding: chunked"), 400, "http1_obs_fold"},
    {"CodingOnAFold", Post("Transfer-Encoding:\r\n chunked"), 400, "http1_obs_fold"},
    {"CodingBehindABareLf", Post("X: a\nTransfer-Encoding: chunked"), 400, "http1_bare_lf"},
    {"CodingBehindABareCr", Post("X: a\rTransfer-Encoding: chunked"), 400, "http1_bare_cr"},
    {"CodingWithATrailingNameTab", Post("Transfer-Encoding\t: chunked"), 400,
     "http1_space_before_colon"},
    {"CodingWithALeadingSpace", "POST / HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a\r\n\r\n",
     400, "http1_obs_fold"},
    {"NulAfterTheCodingsName", Post("Transfer-Encoding\0: chunked"s), 400, "http1_bad_header_name"},
    {"LengthWithANulInTheName", Post("Content\0Length: 4"s), 400, "http1_bad_header_name"},
    {"LengthOnAFold", Post("Content-Length:\r\n 4"), 400, "http1_obs_fold"},
    {"NoChunkSize", Chunked("\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"ChunkSizeWith0x", Chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"ChunkSizeWithPlus", Chunked("+3\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"NegativeChunkSize", Chunked("-3\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"SpaceBeforeChunkSize", Chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"SpaceAfterChunkSize", Chunked("3 \r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"TabAfterChunkSize", Chunked("3\t;a\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"ChunkSizeUnderscore", Chunked("1_0\r\nabc\r\n0\r\n\r\n"), 400, "http1_bad_chunk_size"},
    {"ChunkSizeOverflow", Chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400,
     "http1_bad_chunk_size"},
    {"ChunkSizeOverInt64", Chunked("8000000000000000\r\nabc\r\n0\r\n\r\n"), 400,
     "http1_bad_chunk_size"},
    {"ManyZerosInChunkSize", Chunked("00000000000000003\r\nabc\r\n0\r\n\r\n"), 400,
     "http1_bad_chunk_size"},
    {"BareLfAfterChunkSize", Chunked("3\nabc\r\n0\r\n\r\n"), 400, "http1_bare_lf"},
    {"BareCrAfterChunkSize", Chunked("3\rabc\r\n0\r\n\r\n"), 400, "http1_bare_cr"},
    {"BareLfInExtension", Chunked("3;a\nabc\r\n0\r\n\r\n"), 400, "http1_bare_lf"},
    {"BareCrInExtension", Chunked("3;a\rb\r\nabc\r\n0\r\n\r\n"), 400, "http1_bare_cr"},
    {"NulInExtension", Chunked("3;a\0\r\nabc\r\n0\r\n\r\n"s), 400, "http1_bad_chunk_extension"},
    {"ChunkLongerThanItsSize", Chunked("3\r\nabcd\r\n0\r\n\r\n"), 400, "http1_bad_chunk_end"},
    {"BareLfAfterChunk", Chunked("3\r\nabc\n0\r\n\r\n"), 400, "http1_bare_lf"},
    {"BareCrAfterChunk", Chunked("3\r\nabc\rX0\r\n\r\n"), 400, "http1_bare_cr"},
    {"BareLfAtTheBodysEnd", Chunked("0\r\n\n"), 400, "http1_bare_lf"},
    {"BareLfInTrailers", Chunked("0\r\nX: a\n\r\n"), 400, "http1_bare_lf"},
    {"SpaceBeforeColonInTrailers", Chunked("0\r\nX : a\r\n\r\n"), 400, "http1_space_before_colon"},
    {"FoldInTrailers", Chunked("0\r\nX: a\r\n b\r\n\r\n"), 400, "http1_obs_fold"},
    {"GarbageForTrailers", Chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), 400, "http1_bad_header_name"},
    {"GarbageBehindALength",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcde / HTTP/1.1\r\n\r\n", 400,
     "http1_no_host"},
};
INSTANTIATE_TEST_SUITE_P(Smuggling, RefusedRequest, testing::ValuesIn(kSmuggling),
                         [](const auto& info) { return info.param.name; });

TEST(RequestConformance, Http10WithACodingIsRefused) {
  const Outcome outcome = RunInAllCuts(
      Permissive(), "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(outcome.events, "error 400 http1_transfer_encoding_in_http10\n");
}

TEST(RequestConformance, AbsoluteFormIsRefusedWhereItIsOff) {
  Options options;
  options.allow_absolute_target = false;
  const Outcome outcome = RunInAllCuts(options, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(outcome.events, "error 400 http1_bad_target\n");
}

TEST(RequestConformance, TrailersAreCheckedAndDroppedWhereTheyAreOff) {
  const Outcome outcome = RunInAllCuts(Options(), Chunked("1\r\nx\r\n0\r\nX-A: 1\r\n\r\n"));
  EXPECT_EQ(outcome.events, "POST / HTTP/1.1\nHost: a\nbody: \"x\"\nend\n");
}

}  // namespace
}  // namespace outrigger::http::http1
