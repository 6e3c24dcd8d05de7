#include "test/http/http2/server_harness.h"

#include <utility>

namespace outrigger::http::http2 {

ServerHarness::ServerHarness(Options options, net::ConnectionLimits limits)
    : options_(std::move(options)), counters_(Counters::Declare(store_, stats::PlainScope("t."))) {
  answer = [](Stream& stream) {
    if (stream.is_refused()) {
      stream.Respond(stream.error().status, stream.error().detail);
    } else {
      stream.Respond(200, "ok");
    }
  };
  connection_ = std::make_unique<net::Connection>(
      loop_, net::Socket(wire_.TakeCodecEnd()), static_cast<net::ConnectionEvents&>(*this), limits);
  session_ = std::make_unique<ServerSession>(*connection_, options_, counters_,
                                             static_cast<ServerStreams&>(*this));
}

ServerHarness::~ServerHarness() { answer = nullptr; }

void ServerHarness::Send(std::string_view bytes, Cuts cuts) {
  while (!bytes.empty()) {
    const size_t size = cuts.Next(bytes.size());
    const bool was_taken = wire_.Send(bytes.substr(0, size));
    Turn();
    if (!was_taken) return;
    bytes.remove_prefix(size);
  }
}

void ServerHarness::FinishSending() {
  wire_.FinishSending();
  Turn();
}

void ServerHarness::Turn(base::Nanoseconds after) {
  clock_.Advance(after);
  for (;;) {
    const bool was_busy = loop_.RunOnce();
    const std::string received = reads_output ? wire_.Receive() : std::string();
    frames_.Add(received);
    if (!was_busy && received.empty()) return;
  }
}

std::string ServerHarness::events() const {
  std::string text;
  for (const auto& stream : streams_) text += stream->Text();
  return text;
}

uint64_t ServerHarness::Counter(std::string_view name) const {
  return store_.Value("t.http2." + std::string(name)).value();
}

void ServerHarness::OnClosed(net::CloseCause) {
  CHECK(!std::exchange(is_over_, true));
  session_->OnClosed();
}

void ServerHarness::OnCodecDone() { CHECK(!std::exchange(is_over_, true)); }

RequestReceiver& ServerHarness::NewStream(ResponseWriter& writer) {
  return *streams_.emplace_back(std::make_unique<Stream>(*this, writer));
}

// --- a stream ----------------------------------------------------------------------------------

std::string ServerHarness::Stream::Text() const {
  std::string text = head_text_;
  // How much of a body was heard before it broke depends on how it came.
  if (!body_.empty() && !is_refused_) text += "body: \"" + body_ + "\"\n";
  for (const Header& header : trailers_.entries()) {
    text += "trailer " + std::string(header.name()) + ": " + std::string(header.value()) + "\n";
  }
  return text + end_;
}

void ServerHarness::Stream::OnRequestHead(bool last) {
  head_text_ = std::string(head_.method_text) + " " + std::string(head_.target);
  if (!head_.upgrade.empty()) head_text_ += " upgrade " + std::string(head_.upgrade);
  head_text_ += "\n";
  for (const Header& header : head_.headers.entries()) {
    head_text_ += std::string(header.name()) + ": " + std::string(header.value()) + "\n";
  }
  if (harness_.answers_at_head && harness_.answer) harness_.answer(*this);
  if (last) Finish("end");
}

void ServerHarness::Stream::OnRequestBody(base::Buffer& piece, bool last) {
  body_ += piece.ToString();
  piece.Clear();
  if (last) Finish("end");
}

void ServerHarness::Stream::OnRequestTrailers() { Finish("end"); }

void ServerHarness::Stream::OnRequestError(const StreamError& error) {
  error_ = error;
  is_refused_ = true;
  if (error.kind == ErrorKind::kReset || error.kind == ErrorKind::kConnectionClosed) {
    writer_ = nullptr;
  }
  Finish("error " + std::to_string(error.status) + " " + std::string(error.detail));
}

void ServerHarness::Stream::Finish(std::string_view how) {
  end_ += std::string(how) + "\n";
  if (!harness_.answers_at_head && writer_ != nullptr && harness_.answer) harness_.answer(*this);
}

void ServerHarness::Stream::RespondHead(int status, bool last, const FieldTexts& headers,
                                        bool switches) {
  // As short-lived as a stream's: what the session keeps of it is a fault that ASan sees.
  base::Arena arena;
  ResponseHead head(arena);
  head.status = status;
  head.switches_protocol = switches;
  for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  ResponseWriter* const writer = last ? std::exchange(writer_, nullptr) : writer_;
  if (status < 200 && !switches) {
    writer->WriteInformational(head);
  } else {
    writer->WriteHead(head, last);
  }
}

void ServerHarness::Stream::RespondBody(std::string_view bytes, bool last) {
  base::Buffer piece;
  piece.Append(bytes);
  (last ? std::exchange(writer_, nullptr) : writer_)->WriteBody(piece, last);
}

void ServerHarness::Stream::RespondTrailers(const FieldTexts& fields) {
  base::Arena arena;
  HeaderMap trailers(arena);
  for (const auto& [name, value] : fields) trailers.AddCopy(name, value);
  std::exchange(writer_, nullptr)->WriteTrailers(trailers);
}

void ServerHarness::Stream::Reset(ErrorKind kind) {
  std::exchange(writer_, nullptr)->Reset({.kind = kind, .detail = "test"});
}

void ServerHarness::Stream::Respond(int status, std::string_view body, const FieldTexts& headers) {
  RespondHead(status, body.empty(), headers);
  if (!body.empty()) RespondBody(body, true);
}

}  // namespace outrigger::http::http2
