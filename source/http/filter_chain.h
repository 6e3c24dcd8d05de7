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
  size_t held_bytes = 256 * 1024;  // queued while paused: above it the sender is held back
  // Body collected for a filter: above it 413 to a request, 500 to a response.
  size_t whole_body_bytes = 1024 * 1024;
};

// Who reads a local reply first: filters, which saw the request as it is now and translate, or the
// client itself, which sent it as it came.
enum class ReplyReader : uint8_t { kFilters, kClient };

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
  // Fills response_head() from a local reply, in the form that its reader understands, and returns
  // its body.
  virtual base::Buffer MakeReply(LocalReply& reply, ReplyReader reader) = 0;
  virtual bool is_response_started() const = 0;
  // Back-pressure on the request body; counted.
  virtual void PauseRequest() = 0;
  virtual void ResumeRequest() = 0;
};

// The filters of one stream and the terminal behind them. Runs request frames first filter to last
// and response frames last to first, holds a direction while a filter pauses it, and turns a
// Verdict::Reply into a response seen by the filters before the one that replied, of those that
// have not yet seen another. Owner: the stream.  Thread: its worker. Lifetime: never destroyed from
// inside one of its own calls; the stream retires by DeleteLater. Limits: ChainLimits.
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
    Open(request_, 0);
    Open(response_, static_cast<int>(count_) - 1);
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
  // kWhole: a message that is shown whole, to the filter that asked for it.
  enum class Frame : uint8_t { kHead, kBody, kTrailers, kWhole };

  class Slot final : public FilterStream {
   public:
    Slot(FilterChain& chain, int index, const ChainEntry& entry)
        : body_mode(entry.body_mode), chain_(chain), name_(entry.name), index_(index) {}
    void ResumeRequest(Verdict verdict) override {
      chain_.Resume(chain_.request_, index_, std::move(verdict));
    }
    void ResumeResponse(Verdict verdict) override {
      chain_.Resume(chain_.response_, index_, std::move(verdict));
    }
    StreamView& stream() override { return chain_.owner_.view(); }
    const RouteFilterConfig* route_config() override { return chain_.owner_.route_config(name_); }
    std::unique_ptr<HttpFilter> filter;  // null once it declined
    const BodyMode body_mode;

   private:
    FilterChain& chain_;
    const std::string& name_;  // in the stream's options snapshot
    const int index_;
  };

  static constexpr int kNowhere = -2;

  // One direction: who sees its frames in which order, and what waits. Only the frame at the paused
  // filter and what a filter collects have been seen by some filters; what came after it waits at
  // the entrance, so order is kept by construction. Once the last frame is in, the queue may stand
  // further on: a message that was collected, trailers that a filter adds.
  struct Direction {
    explicit Direction(bool is_request) : is_request(is_request), step(is_request ? 1 : -1) {}
    bool has_queue() const { return has_head || !body.empty() || body_last || has_trailers; }

    const bool is_request;
    const int step;
    int end = 0;               // one past the last filter
    int queue_at = 0;          // the filter that sees the queue first: the entrance, or further on
    int head_seen = kNowhere;  // the furthest filter that was shown the head
    int paused_at = kNowhere;
    std::optional<Verdict> resume;  // set by Resume, acted on in RunDeferred
    Frame frame = Frame::kHead;     // the frame at the paused filter
    bool frame_last = false;
    base::Buffer frame_body;
    int collecting_at = kNowhere;          // the filter that body and trailers are collected for
    Frame collecting_for = Frame::kWhole;  // kHead: BodyMode::kWhole, shown as ordinary frames
    size_t collecting_limit = 0;
    base::Buffer collected;
    bool has_head = false;  // has_... down to has_trailers: the queue
    bool head_last = false;
    base::Buffer body;
    bool body_last = false;
    bool has_trailers = false;
    HeaderMap* trailers = nullptr;  // made when first needed
    bool is_whole = false;          // all of it was collected once
    bool is_held_back = false;      // we asked the sender to stop
    bool is_cut = false;            // a filter ended it: what the sender still sends is dropped
    bool is_over = false;           // nothing passes any more
  };

  void AddFilter(const ChainEntry& entry);
  void Open(Direction& direction, int entrance);
  HeaderMap& TrailersOf(Direction& direction);
  // A frame comes in at the entrance.
  void Enter(Direction& direction, Frame frame, base::Buffer* piece, bool last);
  // Shows a frame to the filters from `from` on and passes it to whoever is behind them.
  void Show(Direction& direction, Frame frame, int from, base::Buffer* piece, bool last);
  Verdict Ask(Direction& direction, int index, Frame frame, base::Buffer* piece, bool last);
  void Deliver(Direction& direction, Frame frame, base::Buffer* piece, bool last);
  void DeliverRequest(Frame frame, base::Buffer* piece, bool last);
  void DeliverResponse(Frame frame, base::Buffer* piece, bool last);
  void DrainQueue(Direction& direction);
  void PauseAt(Direction& direction, int index, Frame frame, base::Buffer* piece, bool last);
  void StartCollecting(Direction& direction, int index, Frame shown_as,
                       std::optional<size_t> limit);
  void Collect(Direction& direction, base::Buffer* piece, bool last);
  void ShowWhole(Direction& direction);
  void QueueWhole(Direction& direction, int from);
  void Cut(Direction& direction);
  void Resume(Direction& direction, int index, Verdict verdict);
  void RunDeferred() override;
  void Continue(Direction& direction);
  void HoldBack(Direction& direction);
  void LetGo(Direction& direction);
  void ReplyFrom(int index, LocalReply reply);
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
  std::unique_ptr<Terminal> terminal_;
  Direction request_{true};
  Direction response_{false};
  bool is_terminal_over_ = false;
  bool is_replying_ = false;  // response frames are a local reply: the terminal's are dropped
  bool is_terminal_high_ = false;
  bool is_ended_ = false;
};

}  // namespace outrigger::http
