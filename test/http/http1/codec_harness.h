#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/event/loop.h"
#include "source/http/http1/client_codec.h"
#include "source/http/http1/server_codec.h"
#include "source/net/connection.h"

// A codec on a real connection over a socketpair, with what it says written down as text, and what
// it sends. Input may come in any pieces: the text must not depend on them.

namespace outrigger::http::http1 {

// How a test's bytes are cut.
class Cuts {
 public:
  static Cuts Whole() { return Cuts(0, 0); }
  static Cuts Bytes() { return Cuts(1, 0); }
  static Cuts Random(uint32_t seed) { return Cuts(0, seed | 1); }
  // The size of the next piece of `left` bytes.
  size_t Next(size_t left);

 private:
  Cuts(size_t size, uint32_t state) : size_(size), state_(state) {}
  size_t size_;
  uint32_t state_;
};

// The other end of the socketpair.
class Wire {
 public:
  Wire();
  ~Wire();
  int TakeCodecEnd() { return std::exchange(codec_fd_, -1); }
  // False when the codec's side is closed.
  bool Send(std::string_view bytes);
  void FinishSending();
  void Close();
  // All that came, until now; notes the end.
  std::string Receive();
  bool saw_end() const { return saw_end_; }

 private:
  int fd_ = -1;
  int codec_fd_ = -1;
  bool saw_end_ = false;
};

// A server codec and the streams it makes.
class ServerHarness : private net::ConnectionEvents, private ServerStreams {
 public:
  class Stream;
  // Called when a request is complete or refused, and at its head if answers_at_head or if it asks
  // for a tunnel.
  using Answer = std::function<void(Stream&)>;

  explicit ServerHarness(Options options = {}, net::ConnectionLimits limits = {});
  ~ServerHarness() override;

  Answer answer;  // default: 200 with "ok", or the error's status with its detail as body
  bool answers_at_head = false;

  // Sends `bytes`, cut, and turns the loop after each piece.
  void Send(std::string_view bytes, Cuts cuts = Cuts::Whole());
  void FinishSending();
  void Turn();
  // What the streams heard, as said at Stream.
  const std::string& events() const { return events_; }
  std::string TakeOutput();
  // The codec's side has ended the connection, and the client sees it.
  bool is_closed() const { return wire_.saw_end(); }
  ServerCodec& codec() { return *codec_; }
  net::Connection& connection() { return *connection_; }
  Stream& stream() { return *streams_.back(); }
  size_t stream_count() const { return streams_.size(); }
  bool is_codec_done() const { return is_codec_done_; }
  event::Loop& loop() { return loop_; }

 private:
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override { codec_->OnOutputHigh(); }
  void OnOutputLow() override { codec_->OnOutputLow(); }
  void OnClosed(net::CloseCause) override;
  RequestReceiver& NewStream(ResponseWriter& writer) override;
  void OnCodecDone() override;

  base::ManualClock clock_;
  event::Loop loop_{clock_};
  Options options_;
  Wire wire_;
  std::string events_;
  std::string output_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<ServerCodec> codec_;
  std::vector<std::unique_ptr<Stream>> streams_;
  bool is_codec_done_ = false;
};

// One request as it came. Its text, in the harness's events:
//   GET /path HTTP/1.1
//   name: value            (each field)
//   upgrade to NAME        (where one is asked for)
//   body: "bytes"          (all of it; absent when there is none)
//   trailer name: value
//   end | error 400 detail
class ServerHarness::Stream final : public RequestReceiver {
 public:
  Stream(ServerHarness& harness, ResponseWriter& writer) : harness_(harness), writer_(writer) {}

  ResponseWriter& writer() { return writer_; }
  RequestHead& head() { return head_; }
  const StreamError& error() const { return error_; }
  bool is_refused() const { return is_refused_; }
  bool is_complete() const { return is_complete_; }
  const std::string& body() const { return body_; }
  int highs() const { return highs_; }
  int lows() const { return lows_; }
  // Writes a whole response.
  void Respond(int status, std::string_view body,
               std::vector<std::pair<std::string, std::string>> headers = {});
  void RespondHead(int status, bool last,
                   std::vector<std::pair<std::string, std::string>> headers = {});
  void RespondBody(std::string_view bytes, bool last);

  RequestHead& request_head() override { return head_; }
  HeaderMap& request_trailers() override { return trailers_; }
  void OnRequestHead(bool last) override;
  void OnRequestBody(base::Buffer& piece, bool last) override;
  void OnRequestTrailers() override;
  void OnRequestError(const StreamError& error) override;
  void OnOutputHigh() override { ++highs_; }
  void OnOutputLow() override { ++lows_; }

 private:
  void Finish(std::string_view how);

  ServerHarness& harness_;
  ResponseWriter& writer_;
  base::Arena arena_;
  RequestHead head_{arena_};
  HeaderMap trailers_{arena_};
  StreamError error_;
  std::string body_;
  bool is_refused_ = false;
  bool is_complete_ = false;
  bool was_answered_ = false;
  int highs_ = 0;
  int lows_ = 0;
};

// Begins the tunnel that the request asks for.
void RespondTunnel(ServerHarness::Stream& stream,
                   std::vector<std::pair<std::string, std::string>> headers = {});

// A client codec and its exchanges, written down in the same way:
//   200 OK HTTP/1.1, fields, "tunnel" where one begins, body, trailers, then end | error 502 detail
//   [replay], then reusable | not reusable; "idle end" for a connection that ended idle.
class ClientHarness : private net::ConnectionEvents, private ClientCodecEvents {
 public:
  class Exchange;
  explicit ClientHarness(Options options = {});
  ~ClientHarness() override;

  // Begins an exchange and writes its request, without a body; `upgrade` is what it asks for.
  Exchange& Request(std::string_view method, std::string_view target,
                    std::vector<std::pair<std::string, std::string>> headers = {},
                    std::string_view upgrade = {});
  Exchange& Start();
  void Send(std::string_view bytes, Cuts cuts = Cuts::Whole());
  void FinishSending();
  void Turn();
  const std::string& events() const { return events_; }
  std::string TakeOutput();
  bool is_closed() const { return wire_.saw_end(); }
  ClientCodec& codec() { return *codec_; }
  net::Connection& connection() { return *connection_; }

 private:
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override { codec_->OnOutputHigh(); }
  void OnOutputLow() override { codec_->OnOutputLow(); }
  void OnClosed(net::CloseCause cause) override;
  void OnExchangeEnd(bool reusable) override;
  void OnIdleEnd() override;

  base::ManualClock clock_;
  event::Loop loop_{clock_};
  Options options_;
  Wire wire_;
  std::string events_;
  std::string output_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<ClientCodec> codec_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
};

class ClientHarness::Exchange final : public ResponseReceiver {
 public:
  explicit Exchange(ClientHarness& harness) : harness_(harness) {}

  RequestWriter& writer() { return *writer_; }
  RequestHead& request() { return request_; }
  ResponseHead& head() { return head_; }
  const StreamError& error() const { return error_; }
  void WriteBody(std::string_view bytes, bool last);

  ResponseHead& response_head() override { return head_; }
  HeaderMap& response_trailers() override { return trailers_; }
  void OnInformational() override;
  void OnResponseHead(bool last) override;
  void OnResponseBody(base::Buffer& piece, bool last) override;
  void OnResponseTrailers() override;
  void OnResponseError(const StreamError& error) override;
  void OnOutputHigh() override {}
  void OnOutputLow() override {}

 private:
  friend class ClientHarness;
  void LogHead();
  void Finish(std::string_view how);

  ClientHarness& harness_;
  RequestWriter* writer_ = nullptr;
  base::Arena arena_;
  RequestHead request_{arena_};
  ResponseHead head_{arena_};
  HeaderMap trailers_{arena_};
  StreamError error_;
  std::string body_;
};

}  // namespace outrigger::http::http1
