#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "source/event/loop.h"
#include "source/http/filter.h"

namespace outrigger::http {

// One filter of a connection manager's list, compiled.
struct ChainEntry {
  std::string name;  // as routes address it in typed_per_filter_config
  HttpFilterFactory factory;
  BodyMode body_mode = BodyMode::kStream;
  bool starts_disabled = false;  // until a route's configuration names the filter
};

struct ChainLimits {
  size_t held_bytes = 256 * 1024;         // queued while paused: above it the sender is held back
  size_t whole_body_bytes = 1024 * 1024;  // BodyMode::kWhole: above it 413
};

// The stream around a chain: where requests come from and responses go.
class ChainOwner {
 public:
  virtual ~ChainOwner() = default;
  virtual StreamView& view() = 0;
  virtual ResponseHead& response_head() = 0;
  virtual HeaderMap& response_trailers() = 0;
  virtual const RouteFilterConfig* route_config(std::string_view filter_name) = 0;
  // The response, filtered. Calls come in the order of the frames, the last one is final.
  virtual void SendInformational() = 0;
  virtual void SendHead(bool last) = 0;
  virtual void SendBody(base::Buffer& piece, bool last) = 0;
  virtual void SendTrailers() = 0;
  virtual void Abort(const StreamError& error) = 0;
  // Fills response_head() from a local reply and returns its body.
  virtual base::Buffer MakeReply(LocalReply& reply) = 0;
  virtual bool is_response_started() const = 0;
  // Back-pressure on the request body; counted.
  virtual void PauseRequest() = 0;
  virtual void ResumeRequest() = 0;
};

// The filters of one stream and the terminal behind them. Runs request frames first filter to last
// and response frames last to first, holds a direction while a filter pauses it, and turns a
// Verdict::Reply into a response seen by the filters before the one that replied.
// Owner: the stream.  Thread: its worker.
// Lifetime: never destroyed from inside one of its own calls; the stream retires by DeleteLater.
// Limits: ChainLimits.
class FilterChain final : private event::Deferred, private ResponseSink {
 public:
  FilterChain(ChainOwner& owner, event::Loop& loop, const ChainLimits& limits)
      : owner_(owner), loop_(loop), limits_(limits) {}
  ~FilterChain() override;

  // Builds the filters, in order; skipped(entry) leaves one out. Before the first frame, once.
  template <typename Skip>
  void Build(absl::Span<const ChainEntry> entries, const TerminalFactory& terminal, Skip skipped) {
    slots_ = owner_.view().arena().AllocateArray<Slot>(entries.size());
    for (const ChainEntry& entry : entries) {
      if (!skipped(entry)) AddFilter(entry);
    }
    response_entry_ = count_;
    terminal_ = terminal(*this);
  }

  void OnRequestHead(bool last);
  void OnRequestBody(base::Buffer& piece, bool last);
  void OnRequestTrailers(HeaderMap& trailers);
  // A reply made before or around the chain; no filter sees it.
  void Reply(LocalReply reply) { ReplyFrom(0, std::move(reply)); }
  // The client takes no more for now / again.
  void OnClientHigh();
  void OnClientLow();
  // No frame goes in or out any more; filters hear OnStreamEnd. The terminal dies, later if one
  // of its calls is still running.
  void End(const StreamSummary& summary);

 private:
  enum class Frame : uint8_t { kHead, kBody, kTrailers };

  class Slot final : public FilterStream {
   public:
    Slot(FilterChain& chain, size_t index, const std::string& name)
        : chain_(chain), name_(name), index_(index) {}
    void ResumeRequest(Verdict verdict) override {
      chain_.Resume(chain_.request_, index_, std::move(verdict));
    }
    void ResumeResponse(Verdict verdict) override {
      chain_.Resume(chain_.response_, index_, std::move(verdict));
    }
    StreamView& stream() override { return chain_.owner_.view(); }
    const RouteFilterConfig* route_config() override { return chain_.owner_.route_config(name_); }
    std::unique_ptr<HttpFilter> filter;

   private:
    FilterChain& chain_;
    const std::string& name_;  // in the stream's options snapshot
    const size_t index_;
  };

  // What waits in one direction. Only the frame at the paused filter has been seen by some filters;
  // what came after it waits at the entrance, so order is kept by construction.
  struct Direction {
    std::optional<size_t> paused_at;
    std::optional<Verdict> resume;  // set by Resume, acted on in RunDeferred
    Frame frame = Frame::kHead;     // the frame at the paused filter
    bool frame_last = false;
    base::Buffer frame_body;
    bool has_head = false;  // queued at the entrance (kWhole, or a response that begins while...)
    bool head_last = false;
    base::Buffer body;
    bool body_last = false;
    HeaderMap* trailers = nullptr;
    bool is_held_back = false;  // we asked the sender to stop
    bool is_over = false;       // nothing passes any more
    bool has_queue() const { return has_head || !body.empty() || body_last || trailers != nullptr; }
  };

  void AddFilter(const ChainEntry& entry);
  void Resume(Direction& direction, size_t index, Verdict verdict);
  void RunDeferred() override;
  void ContinueRequest();
  void ContinueResponse();
  void DrainRequestQueue();
  void DrainResponseQueue();
  void ShowRequest(Frame frame, size_t from, base::Buffer* piece, bool last);
  void ShowResponse(Frame frame, size_t past, base::Buffer* piece, bool last);
  void HoldBack();
  void LetGo();
  void ReplyFrom(size_t index, LocalReply reply);
  void EndTerminal();

  // ResponseSink, for the terminal
  ResponseHead& response_head() override { return owner_.response_head(); }
  HeaderMap& response_trailers() override { return owner_.response_trailers(); }
  void SendInformational() override;
  void SendResponseHead(bool last) override;
  void SendResponseBody(base::Buffer& piece, bool last) override;
  void SendResponseTrailers() override;
  void SendReply(LocalReply reply) override;
  void AbortResponse(const StreamError& error) override;
  void PauseRequestBody() override { owner_.PauseRequest(); }
  void ResumeRequestBody() override { owner_.ResumeRequest(); }
  StreamView& stream() override { return owner_.view(); }

  ChainOwner& owner_;  // the stream that owns us
  event::Loop& loop_;
  const ChainLimits& limits_;
  Slot* slots_ = nullptr;  // in the stream's arena
  size_t count_ = 0;
  size_t response_entry_ = 0;  // responses pass the filters below this index: all, or those before
                               // the one that replied
  std::unique_ptr<Terminal> terminal_;
  Direction request_;
  Direction response_;
  bool collects_whole_body_ = false;
  bool is_terminal_over_ = false;
  bool is_replying_ = false;  // response frames are a local reply: the terminal's are dropped
  bool is_terminal_high_ = false;
  bool is_ended_ = false;
};

}  // namespace outrigger::http
