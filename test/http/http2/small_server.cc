// A server of one answer over ServerSession, for h2spec, nghttp and h2load by hand:
//   bazel run //test/http/http2:small_server -- PORT
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "source/base/arena.h"
#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/http/http2/server_session.h"
#include "source/net/acceptor.h"
#include "source/net/connection.h"

namespace outrigger::http::http2 {
namespace {

class Client;

// One request: answered when it is complete.
class Answer final : public event::Deletable, public RequestReceiver {
 public:
  Answer(Client& client, ResponseWriter& writer) : client_(client), writer_(writer) {}

  RequestHead& request_head() override { return head_; }
  HeaderMap& request_trailers() override { return trailers_; }
  void OnRequestHead(bool last) override {
    if (last) Respond(200);
  }
  void OnRequestBody(base::Buffer& piece, bool last) override {
    piece.Clear();
    if (last) Respond(200);
  }
  void OnRequestTrailers() override { Respond(200); }
  void OnRequestError(const StreamError& error) override;
  void OnOutputHigh() override {}
  void OnOutputLow() override {}

 private:
  void Respond(int status);
  void Leave();

  Client& client_;
  ResponseWriter& writer_;
  char first_[4096];
  base::Arena arena_{first_, sizeof(first_)};
  RequestHead head_{arena_};
  HeaderMap trailers_{arena_};
};

class Client final : public event::Deletable, net::ConnectionEvents, ServerStreams {
 public:
  Client(event::Loop& loop, net::Socket socket)
      : loop_(loop),
        connection_(loop, std::move(socket), *this, net::ConnectionLimits()),
        session_(connection_, options_, counters_, *this) {}
  event::Loop& loop() { return loop_; }

 private:
  void OnData(base::Buffer& in, bool end) override { session_.OnData(in, end); }
  void OnOutputLow() override { session_.OnOutputLow(); }
  void OnClosed(net::CloseCause) override {
    session_.OnClosed();
    OnCodecDone();
  }
  RequestReceiver& NewStream(ResponseWriter& writer) override { return *new Answer(*this, writer); }
  void OnCodecDone() override { loop_.DeleteLater(std::unique_ptr<event::Deletable>(this)); }

  event::Loop& loop_;
  const Options options_;
  const Counters counters_;
  net::Connection connection_;
  ServerSession session_;
};

void Answer::OnRequestError(const StreamError& error) {
  const bool is_gone =
      error.kind == ErrorKind::kReset || error.kind == ErrorKind::kConnectionClosed;
  if (is_gone) return Leave();
  Respond(error.status);
}

void Answer::Respond(int status) {
  ResponseHead head(arena_);
  head.status = status;
  head.headers.Add(HeaderId::kServer, "small");
  head.headers.Add(HeaderId::kContentType, "text/plain");
  writer_.WriteHead(head, false);
  base::Buffer piece;
  piece.Append(base::Slice::Borrow("hello, world\n"));
  writer_.WriteBody(piece, true);
  Leave();
}

void Answer::Leave() { client_.loop().DeleteLater(std::unique_ptr<event::Deletable>(this)); }

int Serve(uint16_t port) {
  std::signal(SIGPIPE, SIG_IGN);
  const base::SystemClock clock;
  event::Loop loop(clock);
  auto listener = net::Listen(*net::Address::Ip("127.0.0.1", port), {});
  CHECK(listener.ok());
  std::printf("%s\n", net::LocalAddress(listener->fd()).ToString().c_str());
  std::fflush(stdout);
  net::Acceptor acceptor(
      loop, listener->fd(), {},
      [&](net::Socket socket, const net::Address&) { new Client(loop, std::move(socket)); },
      [](int) {});
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace outrigger::http::http2

int main(int count, char** arguments) {
  return outrigger::http::http2::Serve(
      static_cast<uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0));
}
