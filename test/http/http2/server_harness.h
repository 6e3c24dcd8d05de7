#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/event/loop.h"
#include "source/http/http2/server_session.h"
#include "source/net/connection.h"
#include "source/stats/envoy_scopes.h"
#include "test/http/http1/codec_harness.h"
#include "test/http/http2/frames.h"

// A server session on a real connection over a socketpair. Every stream writes down what it heard;
// frames that the session sent are read back as text. Input may come in any pieces.

namespace outrigger::http::http2 {

using http1::Cuts;

class ServerHarness : private net::ConnectionEvents, private ServerStreams {
 public:
  class Stream;
  using Answer = std::function<void(Stream&)>;

  explicit ServerHarness(Options options = {}, net::ConnectionLimits limits = {});
  ~ServerHarness() override;

  // Called when a request is complete or refused, and at its head if answers_at_head.
  // Default: 200 with "ok", or the error's status with its detail as body.
  Answer answer;
  bool answers_at_head = false;
  bool reads_output = true;  // the client takes what it is sent

  void Send(std::string_view bytes, Cuts cuts = Cuts::Whole());
  void FinishSending();
  // Runs the loop until nothing is left to do, `after` a time.
  void Turn(base::Nanoseconds after = {});
  // What the streams heard, one after the other, in the order of their beginning.
  std::string events() const;
  FrameTexts& frames() { return frames_; }
  bool is_closed() const { return wire_.saw_end(); }
  // The session has ended the connection, whether or not the client sees it yet.
  bool is_over() const { return is_over_ || !connection_->is_open(); }
  ServerSession& session() { return *session_; }
  Stream& stream(size_t at) { return *streams_[at]; }
  size_t stream_count() const { return streams_.size(); }
  uint64_t Counter(std::string_view name) const;

 private:
  void OnData(base::Buffer& in, bool end) override { session_->OnData(in, end); }
  void OnOutputHigh() override { session_->OnOutputHigh(); }
  void OnOutputLow() override { session_->OnOutputLow(); }
  void OnClosed(net::CloseCause) override;
  RequestReceiver& NewStream(ResponseWriter& writer) override;
  void OnCodecDone() override;

  stats::Store store_;
  base::ManualClock clock_;
  event::Loop loop_{clock_};
  const Options options_;
  const Counters counters_;
  http1::Wire wire_;
  FrameTexts frames_;
  std::unique_ptr<net::Connection> connection_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::unique_ptr<ServerSession> session_;
  bool is_over_ = false;
};

// One request as it came: "GET /path", a line for each field, `body: "..."`, trailers, then "end"
// or "error 400 detail".
class ServerHarness::Stream final : public RequestReceiver {
 public:
  Stream(ServerHarness& harness, ResponseWriter& writer) : harness_(harness), writer_(&writer) {}

  ResponseWriter& writer() { return *writer_; }
  RequestHead& head() { return head_; }
  const StreamError& error() const { return error_; }
  bool is_refused() const { return is_refused_; }
  const std::string& body() const { return body_; }
  std::string Text() const;
  void Respond(int status, std::string_view body, const FieldTexts& headers = {});
  void RespondHead(int status, bool last, const FieldTexts& headers = {}, bool switches = false);
  void RespondBody(std::string_view bytes, bool last);
  void RespondTrailers(const FieldTexts& fields);
  void Reset(ErrorKind kind);

  RequestHead& request_head() override { return head_; }
  HeaderMap& request_trailers() override { return trailers_; }
  void OnRequestHead(bool last) override;
  void OnRequestBody(base::Buffer& piece, bool last) override;
  void OnRequestTrailers() override;
  void OnRequestError(const StreamError& error) override;
  void OnOutputHigh() override { turns += 'H'; }
  void OnOutputLow() override { turns += 'L'; }

  std::string turns;

 private:
  void Finish(std::string_view how);

  ServerHarness& harness_;
  ResponseWriter* writer_;  // null: the session forgot us, or we are done
  base::Arena arena_;
  RequestHead head_{arena_};
  HeaderMap trailers_{arena_};
  StreamError error_;
  std::string head_text_;
  std::string body_;
  std::string end_;
  bool is_refused_ = false;
};

}  // namespace outrigger::http::http2
