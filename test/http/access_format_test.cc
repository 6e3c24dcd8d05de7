#include "source/http/access_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "source/http/access_values.h"
#include "test/net/fake_transport.h"

namespace outrigger::http {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;

// A request that went well, with a value for everything.
class AccessFormatTest : public testing::Test {
 protected:
  AccessFormatTest() {
    request_.method_text = "GET";
    request_.target = "/a/b?c=d";
    request_.headers.Add("Host", "example.test");
    request_.headers.Add("User-Agent", "curl/8");
    request_.headers.Add("X-Request-Id", "id-1");
    request_.headers.Add("X-Empty", "");
    response_.status = 200;
    response_.headers.Add("X-Envoy-Upstream-Service-Time", "7");
    response_.headers.Add("Content-Type", "text/plain");
    trailers_.Add("grpc-status", "5");
    summary_.request = &request_;
    summary_.response = &response_;
    summary_.response_trailers = &trailers_;
    summary_.downstream_local = &local_;
    summary_.downstream_direct_remote = &direct_;
    summary_.downstream_remote = &remote_;
    summary_.upstream = *net::Address::Ip("10.0.0.9", 8080);
    summary_.upstream_local = *net::Address::Ip("10.0.0.1", 50123);
    summary_.detail = "via_upstream";
    summary_.route_name = "the_route";
    summary_.virtual_host_name = "the_host";
    summary_.cluster_name = "the_cluster";
    summary_.connection_id = 42;
    summary_.attempts = 2;
    summary_.request_body_bytes = 11;
    summary_.response_body_bytes = 22;
    summary_.request_header_bytes = 33;
    summary_.response_header_bytes = 44;
    const base::MonoTime start{std::chrono::hours(5)};
    summary_.start = start;
    summary_.start_wall = absl::FromUnixNanos(1'700'000'000'123'456'789);
    summary_.request_end = start + microseconds(1'500);
    summary_.upstream_first_sent = start + microseconds(2'000);
    summary_.upstream_last_sent = start + microseconds(2'500);
    summary_.upstream_first_received = start + microseconds(9'900);
    summary_.upstream_last_received = start + microseconds(11'000);
    summary_.downstream_first_sent = start + microseconds(10'000);
    summary_.end = start + microseconds(12'345);
  }

  std::string Line(std::string_view format, AccessFormatOptions options = {}) {
    const absl::StatusOr<AccessFormat> compiled = AccessFormat::Text(format, options);
    EXPECT_TRUE(compiled.ok()) << format << ": " << compiled.status();
    if (!compiled.ok()) return {};
    std::string line;
    compiled->Append(summary_, line);
    return line;
  }

  std::string JsonLine(const FormatTree& tree, AccessFormatOptions options = {}) {
    const absl::StatusOr<AccessFormat> compiled = AccessFormat::Json(tree, options);
    EXPECT_TRUE(compiled.ok()) << compiled.status();
    if (!compiled.ok()) return {};
    std::string line;
    compiled->Append(summary_, line);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    return line;
  }

  base::Arena arena_;
  RequestHead request_{arena_};
  ResponseHead response_{arena_};
  HeaderMap trailers_{arena_};
  net::Address local_ = *net::Address::Ip("127.0.0.1", 10000);
  net::Address direct_ = *net::Address::Ip("::1", 5000);
  net::Address remote_ = *net::Address::Ip("203.0.113.7", 0);
  StreamSummary summary_;
};

struct Case {
  const char* format;
  const char* line;
};

TEST_F(AccessFormatTest, EveryOperatorPrintsItsValue) {
  const Case cases[] = {
      {"plain", "plain"},
      {"100%%", "100%"},
      {"%START_TIME%", "2023-11-14T22:13:20.123Z"},
      {"%START_TIME(%s)%", "1700000000"},
      {"%START_TIME(%s.%3f)%", "1700000000.123"},
      {"%START_TIME(%6f|%f|%1f)%", "123456|123456789|1"},
      {"%START_TIME(%Y/%m/%dT%H:%M:%S%Ez %%)%", "2023/11/14T22:13:20+00:00 %"},
      {"%START_TIME(fixed)%", "fixed"},
      {"%EMIT_TIME%", "2023-11-14T22:13:20.135Z"},
      {"%DURATION%", "12"},
      {"%REQUEST_DURATION%", "1"},
      {"%REQUEST_TX_DURATION%", "2"},
      {"%RESPONSE_DURATION%", "9"},
      {"%RESPONSE_TX_DURATION%", "2"},
      {"%COMMON_DURATION(DS_RX_BEG:US_TX_BEG)%", "2"},
      {"%COMMON_DURATION(US_TX_END:US_RX_BEG:us)%", "7400"},
      {"%COMMON_DURATION(US_RX_END:DS_TX_END:ns)%", "1345000"},
      {"%PROTOCOL%", "HTTP/1.1"},
      {"%RESPONSE_CODE%", "200"},
      {"%RESPONSE_CODE_DETAILS%", "via_upstream"},
      {"%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", "- -"},
      {"%CONNECTION_TERMINATION_DETAILS%", "-"},
      {"%UPSTREAM_TRANSPORT_FAILURE_REASON%", "-"},
      {"%BYTES_RECEIVED% %BYTES_SENT%", "11 22"},
      {"%REQUEST_HEADERS_BYTES% %RESPONSE_HEADERS_BYTES% %RESPONSE_TRAILERS_BYTES%", "33 44 12"},
      {"%REQ(:METHOD)% %REQ(:path)% %REQ(:AUTHORITY)% %REQ(:SCHEME)%",
       "GET /a/b?c=d example.test http"},
      {"%REQ(USER-AGENT)%", "curl/8"},
      {"%REQ(X-MISSING?USER-AGENT)%", "curl/8"},
      {"%REQ(X-EMPTY?USER-AGENT)%", "curl/8"},
      {"%REQ(USER-AGENT?X-REQUEST-ID)%", "curl/8"},
      {"%REQ(X-MISSING?X-OTHER)%", "-"},
      {"%REQ(USER-AGENT):4%", "curl"},
      {"%REQ(USER-AGENT):400%", "curl/8"},
      {"%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%", "/a/b"},
      {"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", "7"},
      {"%RESP(:STATUS)%", "200"},
      {"%TRAILER(GRPC-STATUS)%", "5"},
      {"%GRPC_STATUS%", "NotFound"},
      {"%GRPC_STATUS(SNAKE_STRING)%", "NOT_FOUND"},
      {"%GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%", "5 5"},
      {"%UPSTREAM_HOST%", "10.0.0.9:8080"},
      {"%UPSTREAM_REMOTE_ADDRESS%", "10.0.0.9:8080"},
      {"%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%", "10.0.0.9 8080"},
      {"%UPSTREAM_LOCAL_ADDRESS%", "10.0.0.1:50123"},
      {"%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %UPSTREAM_LOCAL_PORT%", "10.0.0.1 50123"},
      {"%UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%", "the_cluster the_cluster"},
      {"%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "2"},
      {"%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT%", "127.0.0.1:10000 10000"},
      {"%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "127.0.0.1"},
      {"%DOWNSTREAM_REMOTE_ADDRESS%", "203.0.113.7:0"},
      {"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%", "203.0.113.7 0"},
      {"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "[::1]:5000"},
      {"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "::1"},
      {"%DOWNSTREAM_DIRECT_REMOTE_PORT%", "5000"},
      {"%CONNECTION_ID%", "42"},
      {"%REQUESTED_SERVER_NAME%", "-"},
      {"%DOWNSTREAM_TRANSPORT_FAILURE_REASON%", "-"},
      {"%ROUTE_NAME% %VIRTUAL_HOST_NAME%", "the_route the_host"},
      {"%STREAM_ID%", "id-1"},
      {"%ACCESS_LOG_TYPE%", "DownstreamEnd"},
      {"%PROTOCOL%%RESPONSE_CODE%", "HTTP/1.1200"},
  };
  for (const Case& c : cases) EXPECT_EQ(Line(c.format), c.line) << c.format;
}

TEST_F(AccessFormatTest, OperatorsOfTlsTellOfBothSides) {
  net::CertificateInfo peer;
  peer.subject = "CN=web,O=example";
  peer.issuer = "CN=ca";
  peer.serial = "1a2b";
  peer.sha256 = "aa256";
  peer.sha1 = "bb1";
  peer.uris = {"spiffe://a/web", "https://b"};
  peer.dns_names = {"web.example"};
  peer.ip_addresses = {"10.0.0.1", "::1"};
  peer.emails = {"a@b"};
  peer.valid_from = absl::FromUnixSeconds(1'700'000'000);
  peer.valid_to = absl::FromUnixSeconds(1'800'000'000);
  peer.pem = "-----BEGIN-----\n+=\n";
  net::CertificateInfo local;
  local.subject = "CN=proxy";
  local.uris = {"spiffe://a/proxy"};
  local.dns_names = {"proxy.example"};
  net::FakeTransportOptions options;
  options.info = {.version = "TLSv1.3",
                  .cipher = "TLS_AES_128_GCM_SHA256",
                  .server_name = "www.example",
                  .session_id = "0102"};
  options.info.peer = std::make_shared<const net::CertificateInfo>(peer);
  options.info.local = std::make_shared<const net::CertificateInfo>(local);
  net::FakeTransport transport(options);
  const Case cases[] = {
      {"%_TLS_VERSION% %_TLS_CIPHER% %_TLS_SESSION_ID%", "TLSv1.3 TLS_AES_128_GCM_SHA256 0102"},
      {"%_PEER_SUBJECT% %_PEER_ISSUER%", "CN=web,O=example CN=ca"},
      {"%_PEER_URI_SAN% %_PEER_DNS_SAN%", "spiffe://a/web,https://b web.example"},
      {"%_PEER_IP_SAN% %_PEER_EMAIL_SAN%", "10.0.0.1,::1 a@b"},
      {"%_PEER_CERT%", "-----BEGIN-----%0A%2B%3D%0A"},
      {"%_LOCAL_SUBJECT% %_LOCAL_URI_SAN%", "CN=proxy spiffe://a/proxy"},
      {"%_LOCAL_DNS_SAN% %_LOCAL_IP_SAN% %_LOCAL_EMAIL_SAN%", "proxy.example - -"},
  };
  for (const std::string side : {"DOWNSTREAM", "UPSTREAM"}) {
    const bool is_downstream = side == "DOWNSTREAM";
    summary_.downstream_transport = is_downstream ? &transport : nullptr;
    summary_.upstream_tls = is_downstream ? nullptr : transport.info();
    for (const Case& c : cases) {
      std::string format = c.format;
      for (size_t at = 0; (at = format.find("%_", at)) != std::string::npos;) {
        format.insert(at + 1, side);
      }
      EXPECT_EQ(Line(format), c.line) << format;
    }
  }
  summary_.downstream_transport = &transport;
  EXPECT_EQ(Line("%DOWNSTREAM_PEER_SERIAL% %DOWNSTREAM_PEER_FINGERPRINT_256% "
                 "%DOWNSTREAM_PEER_FINGERPRINT_1% %REQUESTED_SERVER_NAME%"),
            "1a2b aa256 bb1 www.example");
  EXPECT_EQ(Line("%DOWNSTREAM_PEER_CERT_V_START% %DOWNSTREAM_PEER_CERT_V_END(%s)%"),
            "2023-11-14T22:13:20.000Z 1800000000");
  summary_.requested_server_name = "sniffed.example";
  EXPECT_EQ(Line("%REQUESTED_SERVER_NAME%"), "sniffed.example");
}

TEST_F(AccessFormatTest, OperatorsOfTlsFindNothingInPlainConnections) {
  for (const OperatorSpec& spec : TlsOperatorSpecs()) {
    EXPECT_EQ(Line("%" + std::string(spec.name) + "%"), "-") << spec.name;
  }
}

TEST_F(AccessFormatTest, TheDefaultIsEnvoys) {
  EXPECT_EQ(Line(AccessFormat::DefaultText()),
            "[2023-11-14T22:13:20.123Z] \"GET /a/b?c=d HTTP/1.1\" 200 - 11 22 12 7 \"-\" "
            "\"curl/8\" \"id-1\" \"example.test\" \"10.0.0.9:8080\"\n");
}

TEST_F(AccessFormatTest, AStreamWithoutARequestPrintsDashes) {
  summary_ = StreamSummary();
  summary_.start = base::MonoTime(std::chrono::hours(1));
  summary_.end = summary_.start;
  summary_.Set(ResponseFlag::kDownstreamProtocolError);
  EXPECT_EQ(Line(AccessFormat::DefaultText()),
            "[1970-01-01T00:00:00.000Z] \"- - -\" 0 DPE 0 0 0 - \"-\" \"-\" \"-\" \"-\" \"-\"\n");
  EXPECT_EQ(Line("%REQUEST_DURATION% %UPSTREAM_REMOTE_PORT% %GRPC_STATUS% %TRAILER(X)%"),
            "- - - -");
}

TEST_F(AccessFormatTest, MissingValuesMayPrintAsNothing) {
  EXPECT_EQ(Line("[%REQ(X-NO)%|%RESPONSE_FLAGS%]", {.omit_empty_values = true}), "[|]");
}

TEST_F(AccessFormatTest, FlagsAreJoinedInTheirOrder) {
  summary_.Set(ResponseFlag::kUpstreamProtocolError);
  summary_.Set(ResponseFlag::kNoHealthyUpstream);
  summary_.Set(ResponseFlag::kUpstreamRetryLimitExceeded);
  EXPECT_EQ(Line("%RESPONSE_FLAGS%"), "UH,URX,UPE");
  EXPECT_EQ(Line("%RESPONSE_FLAGS_LONG%"),
            "NoHealthyUpstream,UpstreamRetryLimitExceeded,UpstreamProtocolError");
}

TEST_F(AccessFormatTest, GrpcStatusComesFromAHeadThatIsAllTrailers) {
  summary_.response_trailers = nullptr;
  EXPECT_EQ(Line("%GRPC_STATUS%"), "-");
  response_.headers.Add("grpc-status", "99");
  EXPECT_EQ(Line("%GRPC_STATUS%"), "99");
  response_.headers.Set(HeaderId::kGrpcStatus, "nonsense");
  EXPECT_EQ(Line("%GRPC_STATUS%"), "-");
}

TEST_F(AccessFormatTest, UnixAddressesHaveNoPort) {
  const net::Address unix_address = *net::Address::Unix("@name");
  summary_.downstream_remote = &unix_address;
  EXPECT_EQ(Line("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%"), "@name -");
}

TEST_F(AccessFormatTest, HostAndEnvironmentAreThoseOfTheProcess) {
  char host[256] = {};
  ASSERT_EQ(gethostname(host, sizeof(host) - 1), 0);
  EXPECT_EQ(Line("%HOSTNAME%"), host);
  ASSERT_EQ(setenv("OUTRIGGER_TEST_VARIABLE", "set", 1), 0);
  EXPECT_EQ(Line("%ENVIRONMENT(OUTRIGGER_TEST_VARIABLE)% %ENVIRONMENT(OUTRIGGER_NO_SUCH)%"),
            "set -");
}

TEST_F(AccessFormatTest, AClientCannotForgeALine) {
  request_.headers.Set(HeaderId::kUserAgent, "x\n[2023] \"GET /forged\x1b[0m");
  EXPECT_EQ(Line("%REQ(USER-AGENT)%\n"), "x\\x0a[2023] \"GET /forged\\x1b[0m\n");
}

// --- errors ------------------------------------------------------------------------------------

TEST_F(AccessFormatTest, ErrorsSayWhereAndWhatWouldBeRight) {
  const Case cases[] = {
      {"ab %REQUEST(X)%", "character 4, \"%REQUEST(X)%\": unknown operator %REQUEST%"},
      {"%RESPONSE_COD%", "unknown operator %RESPONSE_COD%; near: %RESPONSE_CODE%"},
      {"%PROTOCOLS%", "near: %PROTOCOL%"},
      {"%DYNAMIC_METADATA(a:b)%", "%DYNAMIC_METADATA% is not implemented"},
      {"%FILTER_STATE(x)%", "%FILTER_STATE% is not implemented"},
      {"50% of", "character 3, \"% of\": expected %OPERATOR%"},
      {"%", "expected %OPERATOR%"},
      {"%REQ(X%", "expected %OPERATOR%"},
      {"%REQ(X):%", "expected %OPERATOR%"},
      {"%REQ(X):99999999999999999999%", "expected %OPERATOR%"},
      {"%protocol%", "expected %OPERATOR%"},
      {"%REQ%", "%REQ%: needs the name of a header, as in %REQ(user-agent)%"},
      {"%PROTOCOL(x)%", "%PROTOCOL%: takes no arguments, got \"x\""},
      {"%START_TIME(%H%)%", "ends in '%'"},
      {"%COMMON_DURATION(A:B)%", "takes FROM:TO"},
      {"%COMMON_DURATION%", "takes FROM:TO"},
      {"%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ms:x)%", "takes FROM:TO"},
      {"%COMMON_DURATION(DS_RX_BEG:DS_RX_END:s)%", "unknown unit \"s\"; known: ms, us, ns"},
      {"%GRPC_STATUS(X)%", "unknown form \"X\"; known: CAMEL_STRING"},
      {"%ENVIRONMENT%", "needs the name of an environment variable"},
  };
  for (const Case& c : cases) {
    const auto format = AccessFormat::Text(c.format);
    EXPECT_FALSE(format.ok()) << c.format;
    EXPECT_THAT(std::string(format.status().message()), HasSubstr(c.line)) << c.format;
  }
}

// --- JSON --------------------------------------------------------------------------------------

FormatTree String(std::string text) { return {std::move(text)}; }

TEST_F(AccessFormatTest, JsonKeepsTypesOfLoneOperators) {
  const FormatTree tree{FormatTree::Object{
      {"code", String("%RESPONSE_CODE%")},
      {"path", String("%REQ(:PATH)%")},
      {"none", String("%REQ(X-NO)%")},
      {"mixed", String("%PROTOCOL% %RESPONSE_CODE% %REQ(X-NO)%")},
      {"plain", String("text")},
      {"yes", {true}},
      {"nothing", {nullptr}},
      {"whole", {3.0}},
      {"half", {0.5}},
      {"list", {FormatTree::List{String("%DURATION%"), {FormatTree::Object{}}}}},
  }};
  EXPECT_EQ(JsonLine(tree),
            R"({"code":200,"path":"/a/b?c=d","none":null,"mixed":"HTTP/1.1 200 -","plain":"text",)"
            R"("yes":true,"nothing":null,"whole":3,"half":0.5,"list":[12,{}]})"
            "\n");
}

TEST_F(AccessFormatTest, JsonLeavesEmptyValuesOutOnRequest) {
  const FormatTree tree{FormatTree::Object{
      {"a", String("%REQ(X-NO)%")}, {"b", String("%PROTOCOL%")}, {"c", String("%REQ(X-NO)%")}}};
  EXPECT_EQ(JsonLine(tree, {.omit_empty_values = true}), "{\"b\":\"HTTP/1.1\"}\n");
}

TEST_F(AccessFormatTest, JsonStaysJsonWhateverAClientSends) {
  request_.headers.Set(HeaderId::kUserAgent, "\"},{\"forged\":\"\\\n\xff\xc3\xa9");
  const FormatTree tree{FormatTree::Object{{"k\"ey", String("%REQ(USER-AGENT)%")},
                                           {"in", String("<%REQ(USER-AGENT)%>")}}};
  EXPECT_EQ(JsonLine(tree),
            "{\"k\\\"ey\":\"\\\"},{\\\"forged\\\":\\\"\\\\\\n\\u00ff\xc3\xa9\","
            "\"in\":\"<\\\"},{\\\"forged\\\":\\\"\\\\\\\\x0a\\u00ff\xc3\xa9>\"}\n");
}

TEST_F(AccessFormatTest, JsonErrorsNameThePath) {
  const FormatTree tree{FormatTree::Object{
      {"a", {FormatTree::List{String("x"), {FormatTree::Object{{"b", String("%NO%")}}}}}}}};
  const auto format = AccessFormat::Json(tree);
  ASSERT_FALSE(format.ok());
  EXPECT_THAT(std::string(format.status().message()),
              HasSubstr("json_format.a[1].b: access log format: character 1, \"%NO%\": unknown"));
}

TEST_F(AccessFormatTest, JsonNestsOnlySoDeep) {
  FormatTree tree = String("x");
  for (int i = 0; i < 40; ++i) tree = {FormatTree::List{tree}};
  EXPECT_THAT(std::string(AccessFormat::Json(tree).status().message()), HasSubstr("too deep"));
}

}  // namespace
}  // namespace outrigger::http
