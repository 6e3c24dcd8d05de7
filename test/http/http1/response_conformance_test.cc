// What responses are taken for, and which are refused; every line run whole, byte by byte and in
// random pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

using namespace std::string_literals;

struct Case {
  const char* name;
  std::string input;
  std::string events;
  const char* method = "GET";
  bool ends = false;  // the upstream closes behind the input
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string EventsOf(const Case& c, Cuts cuts) {
  Options options;
  options.enable_trailers = true;
  ClientHarness client(options);
  client.Request(c.method, "/");
  client.Send(c.input, cuts);
  if (c.ends) client.FinishSending();
  return client.events();
}

class Response : public testing::TestWithParam<Case> {};

TEST_P(Response, IsUnderstoodInAnyPieces) {
  EXPECT_EQ(EventsOf(GetParam(), Cuts::Whole()), GetParam().events);
  EXPECT_EQ(EventsOf(GetParam(), Cuts::Bytes()), GetParam().events) << "byte by byte";
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(EventsOf(GetParam(), Cuts::Random(seed * 7919)), GetParam().events)
        << "seed " << seed;
  }
}

const Case kAccepted[] = {
    {"Length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nhi",
     "200 OK HTTP/1.1\nContent-Length: 2\nX-A: 1\nbody: \"hi\"\nend\nreusable\n"},
    {"LengthZero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "200 OK HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"OtherReason", "HTTP/1.1 404 Never Heard\r\nContent-Length: 0\r\n\r\n",
     "404 Never Heard HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"EmptyReason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
     "200 - HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"NoReason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
     "200 - HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"UnknownStatus", "HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n",
     "799 X HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"Chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
     "200 OK HTTP/1.1\nbody: \"hi!\"\nend\nreusable\n"},
    {"Trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\ngrpc-status: 0\r\n\r\n",
     "200 OK HTTP/1.1\nbody: \"hi\"\ntrailer grpc-status: 0\nend\nreusable\n"},
    {"UntilClose", "HTTP/1.1 200 OK\r\n\r\nall of it",
     "200 OK HTTP/1.1\nbody: \"all of it\"\nend\nnot reusable\n", "GET", true},
    {"UntilCloseEmpty", "HTTP/1.1 200 OK\r\n\r\n", "200 OK HTTP/1.1\nend\nnot reusable\n", "GET",
     true},
    {"ConnectionClose", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
     "200 OK HTTP/1.1\nContent-Length: 2\nbody: \"hi\"\nend\nnot reusable\n"},
    {"Http10", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
     "200 OK HTTP/1.0\nContent-Length: 2\nbody: \"hi\"\nend\nnot reusable\n"},
    {"Http10KeepAlive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
     "200 OK HTTP/1.0\nContent-Length: 2\nbody: \"hi\"\nend\nreusable\n"},
    {"Head", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
     "200 OK HTTP/1.1\nContent-Length: 99\nend\nreusable\n", "HEAD"},
    {"HeadChunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "200 OK HTTP/1.1\nend\nreusable\n", "HEAD"},
    {"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", "204 No Content HTTP/1.1\nend\nreusable\n"},
    {"NotModified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n",
     "304 Not Modified HTTP/1.1\nContent-Length: 9\nETag: x\nend\nreusable\n"},
    {"Informational",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "100 Continue HTTP/1.1\n103 Early Hints HTTP/1.1\nLink: a\n"
     "200 OK HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"HopByHopFieldsEndHere",
     "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n"
     "Upgrade: h2\r\nContent-Length: 0\r\n\r\n",
     "200 OK HTTP/1.1\nContent-Length: 0\nend\nreusable\n"},
    {"Tunnel", "HTTP/1.1 200 OK\r\nX: a\r\n\r\nbytes", "200 OK HTTP/1.1\nX: a\ntunnel\n",
     "CONNECT"},
    {"TunnelEnd", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nbytes",
     "200 OK HTTP/1.1\nContent-Length: 2\ntunnel\nbody: \"bytes\"\nend\n", "CONNECT", true},
    {"RefusedConnect", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nhi",
     "403 No HTTP/1.1\nContent-Length: 2\nbody: \"hi\"\nend\nreusable\n", "CONNECT"},
    {"BytesBehindTheResponse", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n",
     "200 OK HTTP/1.1\nContent-Length: 0\nend\nnot reusable\n"},
};
// The last one depends on the cuts by nature: late bytes find the connection idle.
INSTANTIATE_TEST_SUITE_P(Accepted, Response, testing::ValuesIn(kAccepted, std::end(kAccepted) - 1),
                         [](const auto& info) { return info.param.name; });

TEST(ResponseConformance, BytesBehindAResponseEndTheConnection) {
  const Case& late = *(std::end(kAccepted) - 1);
  EXPECT_EQ(EventsOf(late, Cuts::Whole()), late.events);
  EXPECT_EQ(EventsOf(late, Cuts::Bytes()),
            "200 OK HTTP/1.1\nContent-Length: 0\nend\nreusable\nidle end\n");
}

std::string Refusal(const char* detail) { return "error 502 "s + detail + "\nnot reusable\n"; }
std::string Ok(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n\r\n";
}
std::string BodyRefusal(const char* detail) { return "200 OK HTTP/1.1\n" + Refusal(detail); }
constexpr char kCoding[] = "Transfer-Encoding: chunked";
constexpr char kBefore[] = "upstream_reset_before_response_started{connection_termination}";
constexpr char kAfter[] = "upstream_reset_after_response_started{connection_termination}";

const Case kRefused[] = {
    {"Http09", "<html>hello\r\n\r\n", Refusal("http1_bad_status_line")},
    {"Http2", "HTTP/2.0 200 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"LowerCase", "http/1.1 200 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"ShortStatus", "HTTP/1.1 20 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"LongStatus", "HTTP/1.1 2000 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"StatusBelow100", "HTTP/1.1 099 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"TwoSpaces", "HTTP/1.1  200 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"NulInReason", "HTTP/1.1 200 O\0K\r\n\r\n"s, Refusal("http1_bad_status_line")},
    {"EmptyLineBefore", "\r\nHTTP/1.1 200 OK\r\n\r\n", Refusal("http1_bad_status_line")},
    {"BareLf", "HTTP/1.1 200 OK\n\n", Refusal("http1_bare_lf")},
    {"BareCr", "HTTP/1.1 200 OK\rX: a\r\n\r\n", Refusal("http1_bare_cr")},
    {"ObsFold", Ok("X: a\r\n b"), Refusal("http1_obs_fold")},
    {"SpaceBeforeColon", Ok("X : a"), Refusal("http1_space_before_colon")},
    {"NulInValue", Ok("X: a\0b"s), Refusal("http1_bad_header_value")},
    {"BadName", Ok("X(: a"), Refusal("http1_bad_header_name")},
    {"LengthAndCoding", Ok("Content-Length: 3\r\nTransfer-Encoding: chunked"),
     Refusal("http1_content_length_and_transfer_encoding")},
    {"TwoEqualLengths", Ok("Content-Length: 0\r\nContent-Length: 0"),
     Refusal("http1_several_content_lengths")},
    {"LengthList", Ok("Content-Length: 3,3"), Refusal("http1_several_content_lengths")},
    {"BadLength", Ok("Content-Length: +3"), Refusal("http1_bad_content_length")},
    {"GzipCoding", Ok("Transfer-Encoding: gzip"), Refusal("http1_bad_transfer_encoding")},
    {"GzipThenChunked", Ok("Transfer-Encoding: gzip, chunked"),
     Refusal("http1_transfer_encoding_not_supported")},
    {"CodingInHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     Refusal("http1_transfer_encoding_in_http10")},
    {"CodingIn204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
     Refusal("http1_transfer_encoding_without_body")},
    {"CodingIn103", "HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n",
     Refusal("http1_transfer_encoding_without_body")},
    {"SwitchingProtocols", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
     Refusal("http1_upgrade_not_requested")},
    {"BadChunkSize", Ok(kCoding) + "g\r\n", BodyRefusal("http1_bad_chunk_size")},
    {"ChunkTooLong", Ok(kCoding) + "1\r\nab\r\n",
     "200 OK HTTP/1.1\nbody: \"a\"\n" + Refusal("http1_bad_chunk_end")},
    {"FoldInTrailers", Ok(kCoding) + "0\r\nX: a\r\n b\r\n\r\n", BodyRefusal("http1_obs_fold")},
    {"EndBeforeTheHead", "", "error 503 "s + kBefore + "\nnot reusable\n", "GET", true},
    {"EndInTheHead", "HTTP/1.1 200 OK\r\nX: ", "error 503 "s + kAfter + "\nnot reusable\n", "GET",
     true},
    {"EndInABrokenHead", "HTTP/1.1 200 OK\r\nX : a\r\n", Refusal("http1_space_before_colon"), "GET",
     true},
    {"EndInALengthBody", Ok("Content-Length: 3") + "ab",
     "200 OK HTTP/1.1\nContent-Length: 3\nbody: \"ab\"\nerror 503 "s + kAfter + "\nnot reusable\n",
     "GET", true},
    {"EndInAChunkedBody", Ok(kCoding) + "3\r\nabc\r\n",
     "200 OK HTTP/1.1\nbody: \"abc\"\nerror 503 "s + kAfter + "\nnot reusable\n", "GET", true},
};
INSTANTIATE_TEST_SUITE_P(Refused, Response, testing::ValuesIn(kRefused),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace outrigger::http::http1
