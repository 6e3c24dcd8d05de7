#include "test/harness/filter_harness.h"

#include "source/http/grpc/content_type.h"
#include "source/http/local_reply.h"
#include "source/route/route.h"

namespace outrigger::testing {
namespace {

std::string Find(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (http::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

HeaderList Copy(const http::HeaderMap& headers) {
  HeaderList list;
  for (const http::Header& header : headers.entries())
    list.emplace_back(header.name(), header.value());
  return list;
}

}  // namespace

std::string Reply::Header(std::string_view name) const { return Find(headers, name); }
std::string Reply::Trailer(std::string_view name) const { return Find(trailers, name); }
std::string Forwarded::Header(std::string_view name) const { return Find(headers, name); }
std::string Forwarded::Trailer(std::string_view name) const { return Find(trailers, name); }

class FilterHarness::Stream final : public http::ChainOwner, public http::StreamView {
 public:
  explicit Stream(FilterHarness& harness)
      : harness_(harness),
        request_(arena_),
        trailers_(arena_),
        response_(arena_),
        response_trailers_(arena_),
        chain_(*this, harness.loop_, harness.limits_) {
    summary_.request = &request_;
    summary_.downstream_direct_remote = &harness.peer_;
    summary_.downstream_remote = &harness.remote_;
    summary_.downstream_local = &harness.local_;
    summary_.downstream_transport = harness.transport;
    summary_.start = harness.loop_.Now();
  }
  // Once the head is there.
  void BuildChain() {
    came_as_grpc_ = http::grpc::IsGrpcRequest(request_);
    chain_.Build(
        harness_.entries_,
        [this](http::ResponseSink& sink) {
          auto terminal = std::make_unique<Recorder>(*this, sink);
          recorder_ = terminal.get();
          return terminal;
        },
        [](const http::ChainEntry&) { return false; });
  }
  ~Stream() override { chain_.End(summary_); }

  class Recorder final : public http::Terminal {
   public:
    Recorder(Stream& stream, http::ResponseSink& sink) : stream_(stream), sink_(sink) {}
    ~Recorder() override { stream_.recorder_ = nullptr; }
    void OnRequestHead(http::RequestHead& head, bool last) override {
      Forwarded& seen = stream_.forwarded_;
      seen.has_head = true;
      stream_.summary_.cluster_name = stream_.harness_.cluster_;
      seen.method = head.method_text;
      seen.target = head.target;
      seen.headers = Copy(head.headers);
      if (last) Complete();
    }
    void OnRequestBody(base::Buffer& piece, bool last) override {
      stream_.forwarded_.body += piece.ToString();
      piece.Clear();
      if (last) Complete();
    }
    void OnRequestTrailers(http::HeaderMap& trailers) override {
      stream_.forwarded_.trailers = Copy(trailers);
      Complete();
    }
    void OnResponseHigh() override {}
    void OnResponseLow() override {}
    void Complete() {
      stream_.forwarded_.is_complete = true;
      if (stream_.harness_.answers_) Respond();
    }
    void Respond() {
      const FilterHarness& harness = stream_.harness_;
      const bool has_trailers = !harness.trailers_.empty();
      RespondHead(harness.status_, harness.headers_, harness.body_.empty() && !has_trailers);
      if (!harness.body_.empty()) RespondBody(harness.body_, !has_trailers);
      if (has_trailers) RespondTrailers(harness.trailers_);
    }
    void RespondHead(int status, const HeaderList& headers, bool last) {
      sink_.response_head().status = status;
      for (const auto& [name, value] : headers) sink_.response_head().headers.AddCopy(name, value);
      stream_.summary_.detail = "via_upstream";
      sink_.SendResponseHead(last);
    }
    void RespondBody(std::string_view piece, bool last) {
      base::Buffer body;
      body.Append(piece);
      sink_.SendResponseBody(body, last);
    }
    void RespondTrailers(const HeaderList& trailers) {
      for (const auto& [name, value] : trailers) sink_.response_trailers().AddCopy(name, value);
      sink_.SendResponseTrailers();
    }

   private:
    Stream& stream_;
    http::ResponseSink& sink_;
  };

  // http::ChainOwner
  http::StreamView& view() override { return *this; }
  http::ResponseHead& response_head() override { return response_; }
  http::HeaderMap& response_trailers() override { return response_trailers_; }
  const http::RouteFilterConfig* route_config(std::string_view) override {
    return harness_.route_config_;
  }
  void SendInformational() override {}
  void SendHead(bool last) override {
    reply_.has_head = true;
    reply_.status = response_.status;
    reply_.headers = Copy(response_.headers);
    if (last) Complete();
  }
  void SendBody(base::Buffer& piece, bool last) override {
    reply_.body += piece.ToString();
    piece.Clear();
    if (last) Complete();
  }
  void SendTrailers() override {
    reply_.trailers = Copy(response_trailers_);
    Complete();
  }
  void Abort(const http::StreamError& error) override {
    reply_.was_aborted = true;
    reply_.detail = error.detail;
  }
  base::Buffer MakeReply(http::LocalReply& reply, http::ReplyReader reader) override {
    summary_.detail = reply.detail;
    if (reply.flag) summary_.Set(*reply.flag);
    const bool reads_grpc =
        reader == http::ReplyReader::kClient ? came_as_grpc_ : http::grpc::IsGrpcRequest(request_);
    return http::FillLocalReply(reply, "text/plain",
                                reads_grpc ? http::ReplyForm::kGrpc : http::ReplyForm::kHttp,
                                request_, response_);
  }
  bool is_response_started() const override { return reply_.has_head; }
  void PauseRequest() override { ++pauses_; }
  void ResumeRequest() override { --pauses_; }

  // http::StreamView
  event::Loop& loop() override { return harness_.loop_; }
  base::Arena& arena() override { return arena_; }
  http::RequestHead& request() override { return request_; }
  http::StreamSummary& summary() override { return summary_; }
  const route::Route* route() override { return harness_.route_; }
  const route::WeightedTarget* weighted_target() override {
    if (harness_.route_ == nullptr || harness_.route_->forward() == nullptr) return nullptr;
    return route::ChooseTarget(*harness_.route_->forward(), request_, harness_.random_);
  }
  void ClearRoute() override {}
  upstream::WorkerClusters& clusters() override {
    base::CheckFailed(__FILE__, __LINE__,
                      "a filter asked for clusters, which this harness has not");
  }
  uint64_t random() override { return harness_.random_; }

  void Complete() {
    reply_.is_complete = true;
    reply_.detail = summary_.detail;
  }

  FilterHarness& harness_;
  base::Arena arena_;
  http::RequestHead request_;
  http::HeaderMap trailers_;
  http::ResponseHead response_;
  http::HeaderMap response_trailers_;
  http::StreamSummary summary_;
  Recorder* recorder_ = nullptr;
  Reply reply_;
  Forwarded forwarded_;
  int pauses_ = 0;
  bool came_as_grpc_ = false;
  http::FilterChain chain_;
};

FilterHarness::FilterHarness(http::HttpFilterFactory filter, http::BodyMode mode) : loop_(clock_) {
  set_peer("127.0.0.1");
  set_remote("127.0.0.1");
  set_local("127.0.0.1", 8080);
  AddFilter("filter", std::move(filter), mode);
}

FilterHarness::~FilterHarness() { stream_.reset(); }

void FilterHarness::AddFilter(std::string name, http::HttpFilterFactory filter,
                              http::BodyMode mode) {
  entries_.push_back({.name = std::move(name), .factory = std::move(filter), .body_mode = mode});
}

void FilterHarness::Answer(int status, std::string body, HeaderList headers, HeaderList trailers) {
  status_ = status;
  body_ = std::move(body);
  headers_ = std::move(headers);
  trailers_ = std::move(trailers);
}

void FilterHarness::Endpoint::Answer() {
  if (auto* end = harness_.stream_->recorder_) end->Respond();
  harness_.Turn();
}

void FilterHarness::Endpoint::Head(int status, const HeaderList& headers, bool last) {
  if (auto* end = harness_.stream_->recorder_) end->RespondHead(status, headers, last);
  harness_.Turn();
}

void FilterHarness::Endpoint::Body(std::string_view piece, bool last) {
  if (auto* end = harness_.stream_->recorder_) end->RespondBody(piece, last);
  harness_.Turn();
}

void FilterHarness::Endpoint::Trailers(const HeaderList& trailers) {
  if (auto* end = harness_.stream_->recorder_) end->RespondTrailers(trailers);
  harness_.Turn();
}

const Reply& FilterHarness::Request(std::string_view line, const HeaderList& headers) {
  Begin(line, headers, true);
  return reply();
}

void FilterHarness::Begin(std::string_view line, const HeaderList& headers, bool last) {
  stream_ = std::make_unique<Stream>(*this);
  http::RequestHead& head = stream_->request_;
  const size_t space = line.find(' ');
  head.protocol = protocol_;
  head.method_text = stream_->arena_.Copy(line.substr(0, space));
  head.method = http::ParseMethod(head.method_text);
  head.target = stream_->arena_.Copy(line.substr(space + 1));
  head.headers.Add(http::HeaderId::kHost, "test");
  for (const auto& [name, value] : headers) {
    if (http::EqualsIgnoreCase(name, "host")) {
      head.headers.SetCopy(name, value);
    } else {
      head.headers.AddCopy(name, value);
    }
  }
  stream_->BuildChain();
  stream_->chain_.OnRequestHead(last);
  Turn();
}

void FilterHarness::Body(std::string_view piece, bool last) {
  base::Buffer buffer;
  buffer.Append(piece);
  stream_->chain_.OnRequestBody(buffer, last);
  Turn();
}

void FilterHarness::Trailers(const HeaderList& trailers) {
  for (const auto& [name, value] : trailers) stream_->trailers_.AddCopy(name, value);
  stream_->chain_.OnRequestTrailers(stream_->trailers_);
  Turn();
}

void FilterHarness::Cut() {
  stream_->chain_.End(stream_->summary_);
  Turn();
}

void FilterHarness::set_peer(std::string_view ip, uint16_t port) {
  peer_ = *net::Address::Ip(ip, port);
}
void FilterHarness::set_remote(std::string_view ip) { remote_ = *net::Address::Ip(ip, 0); }
void FilterHarness::set_local(std::string_view ip, uint16_t port) {
  local_ = *net::Address::Ip(ip, port);
}

void FilterHarness::Turn() {
  while (loop_.RunOnce()) {
  }
}

void FilterHarness::Advance(base::Nanoseconds by) {
  clock_.Advance(by);
  Turn();
}

const Reply& FilterHarness::reply() const { return stream_->reply_; }
const Forwarded& FilterHarness::forwarded() const { return stream_->forwarded_; }
const http::StreamSummary& FilterHarness::summary() const { return stream_->summary_; }
int FilterHarness::pauses() const { return stream_->pauses_; }

}  // namespace outrigger::testing
