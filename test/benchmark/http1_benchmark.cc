// What one request costs in the HTTP/1 codec, without sockets: parsing, writing, and a whole
// exchange as its server.
#include <benchmark/benchmark.h>

#include <string_view>

#include "source/http/http1/fields.h"
#include "source/http/http1/head_parser.h"
#include "source/http/http1/server_codec.h"
#include "source/http/http1/writer.h"
#include "test/benchmark/echo_streams.h"

namespace outrigger::http::http1 {
namespace {

constexpr char kSmall[] = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
constexpr char kBrowser[] =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.com\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) "
    "Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Keep-Alive: 115\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|"
    "utmcct=/reader/|utmcmd=referral\r\n\r\n";
constexpr char kResponse[] =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 5\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 "
    "GMT\r\nConnection: keep-alive\r\nETag: \"65920080-400\"\r\nAccept-Ranges: bytes\r\n\r\nhello";

void ParseHead(benchmark::State& state, std::string_view text) {
  const Options options;
  ParsedHead head;
  for (auto _ : state) {
    head.Clear();
    benchmark::DoNotOptimize(ParseRequestHead(text, options, head));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(ParseHead, small, kSmall);
BENCHMARK_CAPTURE(ParseHead, browser, kBrowser);

// A received head, written as it came.
void ForwardHead(benchmark::State& state, std::string_view text) {
  const Options options;
  ParsedHead parsed;
  ParseRequestHead(text, options, parsed);
  base::Arena arena;
  RequestHead head(arena);
  head.target = parsed.target;
  AddEndToEndFields(parsed, text.data(), head.headers);
  base::Buffer out;
  for (auto _ : state) {
    WriteRequestHead(head, {}, out);
    out.Clear();
  }
}
BENCHMARK_CAPTURE(ForwardHead, small, kSmall);
BENCHMARK_CAPTURE(ForwardHead, browser, kBrowser);

void ServerExchange(benchmark::State& state, std::string_view text) {
  StillConnection still;
  const Options options;
  EchoStreams streams;
  ServerCodec codec(still.connection(), options, streams);
  for (auto _ : state) {
    base::Buffer in;
    in.Append(base::Slice::Borrow(text));
    codec.OnData(in, false);
    still.connection().output().Clear();
  }
}
BENCHMARK_CAPTURE(ServerExchange, small, kSmall);
BENCHMARK_CAPTURE(ServerExchange, browser, kBrowser);

// The response alone: parsed, taken into a head, its body handed on.
void ParseResponse(benchmark::State& state) {
  const Options options;
  const std::string_view text = kResponse;
  char first[4096];
  base::Arena arena(first, sizeof(first));
  for (auto _ : state) {
    ParsedHead parsed;
    const ParseResult result = ParseResponseHead(text, options, parsed);
    ResponseHead head(arena);
    AddEndToEndFields(parsed, arena.Copy(text.substr(0, result.size)).data(), head.headers);
    benchmark::DoNotOptimize(head.headers.size());
    arena.Reset();
  }
}
BENCHMARK(ParseResponse);

}  // namespace
}  // namespace outrigger::http::http1
