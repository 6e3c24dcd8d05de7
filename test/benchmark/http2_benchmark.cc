// What one small exchange costs in the HTTP/2 sessions and the write to a socket: a request in and
// its response out through the server's, a request out and its response in through the client's.
#include <benchmark/benchmark.h>
#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "source/http/http2/client_session.h"
#include "source/http/http2/server_session.h"
#include "test/benchmark/echo_streams.h"
#include "test/http/http2/frames.h"

namespace outrigger::http::http2 {
namespace {

const FieldTexts& SmallRequest() {
  static const FieldTexts* const fields = new FieldTexts{{":method", "GET"},
                                                         {":scheme", "http"},
                                                         {":authority", "127.0.0.1:8080"},
                                                         {":path", "/hello"},
                                                         {"user-agent", "h2load nghttp2/1.52.0"}};
  return *fields;
}

// Heads as a client writes them, with HPACK's table in use.
class Deflater {
 public:
  Deflater() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~Deflater() { nghttp2_hd_deflate_del(deflater_); }
  std::string Head(uint32_t stream, const FieldTexts& fields, bool last) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    uint8_t block[4096];
    const ssize_t size =
        nghttp2_hd_deflate_hd(deflater_, block, sizeof(block), list.data(), list.size());
    return Frame(1, kEndHeaders | (last ? kEndStream : 0), stream,
                 {reinterpret_cast<const char*>(block), static_cast<size_t>(size)});
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

void ServerExchange(benchmark::State& state) {
  StillConnection still;
  Options options;
  options.connection_window_bytes = 1 << 30;
  const Counters counters;
  EchoStreams streams;
  ServerSession session(still.connection(), options, counters, streams);
  Deflater deflater;
  base::Buffer hello;
  hello.Append(Hello());
  session.OnData(hello, false);
  std::string window = Window(0, 5);
  uint32_t id = 1;
  for (auto _ : state) {
    base::Buffer in;
    in.Append(deflater.Head(id, SmallRequest(), true));
    in.Append(window);
    session.OnData(in, false);
    still.Turn();
    id += 2;
  }
}
BENCHMARK(ServerExchange);

class Exchange final : public ResponseReceiver {
 public:
  ResponseHead& response_head() override { return *head_; }
  HeaderMap& response_trailers() override { return *trailers_; }
  void Begin() {
    head_.reset();
    trailers_.reset();
    arena_.Reset();
    head_.emplace(arena_);
    trailers_.emplace(arena_);
  }
  void OnInformational() override {}
  void OnResponseHead(bool) override {}
  void OnResponseBody(base::Buffer& piece, bool) override { piece.Clear(); }
  void OnResponseTrailers() override {}
  void OnResponseError(const StreamError&) override { std::abort(); }
  void OnOutputHigh() override {}
  void OnOutputLow() override {}

 private:
  char first_[4096];
  base::Arena arena_{first_, sizeof(first_)};
  std::optional<ResponseHead> head_;
  std::optional<HeaderMap> trailers_;
};

class NoEvents final : public ClientSessionEvents {
 public:
  void OnGoAway() override {}
  void OnSessionEnd(std::string_view) override { std::abort(); }
};

void ClientExchange(benchmark::State& state) {
  StillConnection still;
  const Options options;
  NoEvents events;
  ClientSession session(still.connection(), options, events);
  Deflater deflater;
  base::Buffer hello;
  hello.Append(Settings());
  session.OnData(hello, false);
  base::Arena arena;
  RequestHead head(arena);
  head.target = "/hello";
  head.headers.Add(HeaderId::kHost, "127.0.0.1:8080");
  head.headers.Add(HeaderId::kUserAgent, "h2load nghttp2/1.52.0");
  head.headers.Add(HeaderId::kXRequestId, "2f9c7d1e-6a0b-4a54-8c1b-0a0b0c0d0e0f");
  const FieldTexts response = {{":status", "200"}, {"server", "nginx"}, {"content-length", "5"}};
  Exchange exchange;
  uint32_t id = 1;
  for (auto _ : state) {
    exchange.Begin();
    session.StartRequest(exchange).WriteHead(head, true);
    base::Buffer in;
    in.Append(deflater.Head(id, response, false));
    in.Append(Data(id, "hello", true));
    session.OnData(in, false);
    still.Turn();
    id += 2;
  }
}
BENCHMARK(ClientExchange);

}  // namespace
}  // namespace outrigger::http::http2
