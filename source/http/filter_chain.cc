#include "source/http/filter_chain.h"

#include <algorithm>

#include "source/base/check.h"

namespace outrigger::http {

FilterChain::~FilterChain() {
  terminal_.reset();
  for (size_t i = 0; i < count_; ++i) slots_[i].~Slot();
}

void FilterChain::AddFilter(const ChainEntry& entry) {
  Slot* slot = new (&slots_[count_]) Slot(*this, static_cast<int>(count_), entry);
  slot->filter = entry.factory(*slot);
  if (slot->filter == nullptr) return slot->~Slot();
  ++count_;
}

void FilterChain::Open(Direction& direction, int entrance) {
  direction.queue_at = entrance;
  direction.end = direction.is_request ? static_cast<int>(count_) : -1;
}

HeaderMap& FilterChain::TrailersOf(Direction& direction) {
  if (direction.trailers == nullptr && !direction.is_request) {
    direction.trailers = &owner_.response_trailers();
  }
  if (direction.trailers == nullptr) {
    base::Arena& arena = owner_.view().arena();
    direction.trailers =
        new (arena.Allocate(sizeof(HeaderMap), alignof(HeaderMap))) HeaderMap(arena);
  }
  return *direction.trailers;
}

// --- what comes in -----------------------------------------------------------------------------

void FilterChain::OnRequestHead(bool last) { Enter(request_, Frame::kHead, nullptr, last); }

void FilterChain::OnRequestBody(base::Buffer& piece, bool last) {
  Enter(request_, Frame::kBody, &piece, last);
}

void FilterChain::OnRequestTrailers(HeaderMap& trailers) {
  if (!request_.is_over && !request_.is_cut) request_.trailers = &trailers;
  Enter(request_, Frame::kTrailers, nullptr, true);
}

void FilterChain::SendInformational() {
  if (!response_.is_over && !is_replying_) owner_.SendInformational();
}

void FilterChain::SendResponseHead(bool last) {
  if (!is_replying_) Enter(response_, Frame::kHead, nullptr, last);
}

void FilterChain::SendResponseBody(base::Buffer& piece, bool last) {
  if (is_replying_) return piece.Clear();
  Enter(response_, Frame::kBody, &piece, last);
}

void FilterChain::SendResponseTrailers() {
  if (!is_replying_) Enter(response_, Frame::kTrailers, nullptr, true);
}

void FilterChain::SendReply(LocalReply reply) {
  if (response_.is_over || is_replying_) return;
  ReplyFrom(static_cast<int>(count_), std::move(reply));
}

void FilterChain::AbortResponse(const StreamError& error) {
  // Of a tunnel the other half may still go on.
  if (is_ended_ || is_replying_) return;
  response_.is_over = request_.is_over = true;
  EndTerminal();
  owner_.Abort(error);
}

void FilterChain::Enter(Direction& direction, Frame frame, base::Buffer* piece, bool last) {
  if (direction.is_over || direction.is_cut) {
    if (piece != nullptr) piece->Clear();
    return;
  }
  if (direction.paused_at == kNowhere && !direction.has_queue()) {
    Show(direction, frame, direction.queue_at, piece, last);
    return DrainQueue(direction);
  }
  switch (frame) {
    case Frame::kHead:
      direction.has_head = true;
      direction.head_last = last;
      return;
    case Frame::kTrailers:
      direction.has_trailers = true;
      return;
    default:
      direction.body.Append(std::move(*piece));
      direction.body_last = last;
      return HoldBack(direction);
  }
}

// --- one frame ---------------------------------------------------------------------------------

void FilterChain::Show(Direction& direction, Frame frame, int from, base::Buffer* piece,
                       bool last) {
  base::Buffer in_place_of_trailers;
  for (int i = from; i != direction.end; i += direction.step) {
    if (i == direction.collecting_at) return Collect(direction, piece, last);
    Slot& slot = slots_[i];
    if (slot.filter == nullptr) continue;
    if (frame == Frame::kHead && !last && direction.is_request && !direction.is_whole &&
        slot.body_mode == BodyMode::kWhole && !owner_.view().request().asks_for_tunnel()) {
      return StartCollecting(direction, i, Frame::kHead, std::nullopt);
    }
    Verdict verdict = Ask(direction, i, frame, piece, last);
    if (direction.is_over) return;
    switch (verdict.kind()) {
      case Verdict::Kind::kContinue:
        continue;
      case Verdict::Kind::kReply:
        return ReplyFrom(i, std::move(verdict.reply()));
      case Verdict::Kind::kPause:
        return PauseAt(direction, i, frame, piece, last);
      case Verdict::Kind::kCollect:
        DCHECK(frame == Frame::kHead);
        if (frame != Frame::kHead) continue;
        StartCollecting(direction, i, Frame::kWhole, verdict.limit_bytes());
        if (last) ShowWhole(direction);
        return;
      case Verdict::Kind::kContinueToTrailers:
        if (!last || frame == Frame::kTrailers) continue;
        last = false;
        TrailersOf(direction);
        direction.has_trailers = true;
        direction.queue_at = i;
        continue;
      case Verdict::Kind::kDecline:
        slot.filter.reset();
        continue;
      case Verdict::Kind::kEndWith:
        Cut(direction);
        last = true;
        if (frame == Frame::kBody) {
          piece->Append(std::move(verdict.bytes()));
        } else if (frame == Frame::kTrailers) {
          frame = Frame::kBody;
          in_place_of_trailers = std::move(verdict.bytes());
          piece = &in_place_of_trailers;
        } else if (!verdict.bytes().empty()) {
          last = false;
          direction.body = std::move(verdict.bytes());
          direction.body_last = true;
          direction.queue_at = i + direction.step;
        }
        continue;
    }
  }
  Deliver(direction, frame, piece, last);
}

Verdict FilterChain::Ask(Direction& direction, int index, Frame frame, base::Buffer* piece,
                         bool last) {
  HttpFilter& filter = *slots_[index].filter;
  if (frame == Frame::kHead) direction.head_seen = index;
  if (direction.is_request) {
    switch (frame) {
      case Frame::kHead:
        return filter.OnRequestHead(owner_.view().request(), last);
      case Frame::kBody:
        return filter.OnRequestBody(*piece, last);
      case Frame::kTrailers:
        return filter.OnRequestTrailers(TrailersOf(direction));
      case Frame::kWhole:
        return filter.OnWholeRequest(owner_.view().request(), *piece, TrailersOf(direction));
    }
  }
  switch (frame) {
    case Frame::kHead:
      return filter.OnResponseHead(owner_.response_head(), last);
    case Frame::kBody:
      return filter.OnResponseBody(*piece, last);
    case Frame::kTrailers:
      return filter.OnResponseTrailers(TrailersOf(direction));
    default:
      return filter.OnWholeResponse(owner_.response_head(), *piece, TrailersOf(direction));
  }
}

void FilterChain::Deliver(Direction& direction, Frame frame, base::Buffer* piece, bool last) {
  base::Buffer nothing;
  if (frame == Frame::kTrailers && TrailersOf(direction).empty()) {
    frame = Frame::kBody;
    piece = &nothing;
  }
  if (frame == Frame::kBody && piece->empty() && !last) return;  // a filter took all of it
  if (direction.is_request) return DeliverRequest(frame, piece, last);
  DeliverResponse(frame, piece, last);
}

void FilterChain::DeliverRequest(Frame frame, base::Buffer* piece, bool last) {
  if (is_terminal_over_) {
    if (piece != nullptr) piece->Clear();
    return;
  }
  switch (frame) {
    case Frame::kHead:
      return terminal_->OnRequestHead(owner_.view().request(), last);
    case Frame::kTrailers:
      return terminal_->OnRequestTrailers(TrailersOf(request_));
    default:
      return terminal_->OnRequestBody(*piece, last);
  }
}

void FilterChain::DeliverResponse(Frame frame, base::Buffer* piece, bool last) {
  if (last) response_.is_over = true;
  switch (frame) {
    case Frame::kHead:
      return owner_.SendHead(last);
    case Frame::kTrailers:
      return owner_.SendTrailers();
    default:
      return owner_.SendBody(*piece, last);
  }
}

// Nothing of what the sender sent or will send passes behind the frame that is being shown.
void FilterChain::Cut(Direction& direction) {
  direction.is_cut = true;
  direction.has_head = false;
  direction.body.Clear();
  direction.body_last = false;
  direction.has_trailers = false;
}

// --- waiting -----------------------------------------------------------------------------------

void FilterChain::PauseAt(Direction& direction, int index, Frame frame, base::Buffer* piece,
                          bool last) {
  direction.paused_at = index;
  direction.frame = frame;
  direction.frame_last = last;
  if (piece != nullptr) direction.frame_body = std::move(*piece);
  HoldBack(direction);
}

void FilterChain::Resume(Direction& direction, int index, Verdict verdict) {
  // A reply may have overtaken the pause, which the filter cannot know.
  DCHECK(verdict.kind() == Verdict::Kind::kContinue || verdict.kind() == Verdict::Kind::kReply);
  if (is_ended_ || direction.paused_at != index || direction.resume) return;
  direction.resume = std::move(verdict);
  loop_.Defer(*this);
}

void FilterChain::RunDeferred() {
  if (is_terminal_over_) terminal_.reset();
  if (is_ended_) return;
  if (request_.resume && !request_.is_over) Continue(request_);
  if (response_.resume && !response_.is_over && !is_ended_) Continue(response_);
}

void FilterChain::Continue(Direction& direction) {
  const int at = std::exchange(direction.paused_at, kNowhere);
  Verdict verdict = std::move(*direction.resume);
  direction.resume.reset();
  if (verdict.kind() == Verdict::Kind::kReply) return ReplyFrom(at, std::move(verdict.reply()));
  base::Buffer piece = std::move(direction.frame_body);
  if (direction.frame == Frame::kWhole) {
    direction.body = std::move(piece);
    QueueWhole(direction, at + direction.step);
  } else {
    Show(direction, direction.frame, at + direction.step, &piece, direction.frame_last);
  }
  DrainQueue(direction);
}

void FilterChain::DrainQueue(Direction& direction) {
  while (direction.has_queue()) {
    if (direction.paused_at != kNowhere || direction.is_over) return;
    if (std::exchange(direction.has_head, false)) {
      Show(direction, Frame::kHead, direction.queue_at, nullptr, direction.head_last);
    } else if (!direction.body.empty() || direction.body_last) {
      base::Buffer piece = std::move(direction.body);
      const bool last = std::exchange(direction.body_last, false);
      Show(direction, Frame::kBody, direction.queue_at, &piece, last);
    } else {
      direction.has_trailers = false;
      Show(direction, Frame::kTrailers, direction.queue_at, nullptr, true);
    }
  }
  if (direction.paused_at == kNowhere && !direction.is_over) LetGo(direction);
}

void FilterChain::HoldBack(Direction& direction) {
  if (direction.is_held_back) return;
  if (direction.body.size() + direction.frame_body.size() < limits_.held_bytes) return;
  direction.is_held_back = true;
  if (direction.is_request) return owner_.PauseRequest();
  if (!is_terminal_over_ && !is_terminal_high_) terminal_->OnResponseHigh();
}

void FilterChain::LetGo(Direction& direction) {
  if (!std::exchange(direction.is_held_back, false)) return;
  if (direction.is_request) return owner_.ResumeRequest();
  if (!is_terminal_over_ && !is_terminal_high_) terminal_->OnResponseLow();
}

// --- whole messages ----------------------------------------------------------------------------

void FilterChain::StartCollecting(Direction& direction, int index, Frame shown_as,
                                  std::optional<size_t> limit) {
  direction.collecting_at = index;
  direction.collecting_for = shown_as;
  direction.collecting_limit = limit.value_or(limits_.whole_body_bytes);
}

// Body (`piece`) or trailers (none) that reached the filter which wants them whole.
void FilterChain::Collect(Direction& direction, base::Buffer* piece, bool last) {
  if (piece != nullptr) {
    piece->Unpin();
    direction.collected.Append(std::move(*piece));
  }
  if (direction.collected.size() > direction.collecting_limit) {
    const int at = std::exchange(direction.collecting_at, kNowhere);
    direction.collected.Clear();
    if (direction.is_request) {
      return ReplyFrom(
          at, {.status = 413, .detail = "request_payload_too_large", .body = "Payload Too Large"});
    }
    return ReplyFrom(
        at,
        {.status = 500, .detail = "response_payload_too_large", .body = "Internal Server Error"});
  }
  if (last) ShowWhole(direction);
}

// The message is complete: shows it to the filter that asked for it and queues what comes of it.
void FilterChain::ShowWhole(Direction& direction) {
  const int at = std::exchange(direction.collecting_at, kNowhere);
  direction.is_whole = true;
  base::Buffer body = std::move(direction.collected);
  if (direction.collecting_for == Frame::kHead) {
    direction.body = std::move(body);
    return QueueWhole(direction, at);
  }
  Verdict verdict = Ask(direction, at, Frame::kWhole, &body, true);
  if (direction.is_over) return;
  switch (verdict.kind()) {
    case Verdict::Kind::kReply:
      return ReplyFrom(at, std::move(verdict.reply()));
    case Verdict::Kind::kPause:
      return PauseAt(direction, at, Frame::kWhole, &body, true);
    case Verdict::Kind::kEndWith:
      body.Append(std::move(verdict.bytes()));
      TrailersOf(direction).Clear();
      break;
    default:
      DCHECK(verdict.kind() == Verdict::Kind::kContinue);
  }
  direction.body = std::move(body);
  QueueWhole(direction, at + direction.step);
}

void FilterChain::QueueWhole(Direction& direction, int from) {
  direction.queue_at = from;
  direction.has_head = true;
  direction.has_trailers = !TrailersOf(direction).empty();
  direction.body_last = !direction.body.empty() && !direction.has_trailers;
  direction.head_last = direction.body.empty() && !direction.has_trailers;
}

// --- replies and the end -----------------------------------------------------------------------

void FilterChain::ReplyFrom(int index, LocalReply reply) {
  if (response_.is_over) return;
  request_.is_over = true;
  EndTerminal();
  if (owner_.is_response_started()) {
    response_.is_over = true;
    return owner_.Abort({.kind = ErrorKind::kLocal,
                         .source = ErrorSource::kInternal,
                         .status = static_cast<uint16_t>(reply.status),
                         .detail = reply.detail});
  }
  is_replying_ = true;
  // A filter that was shown a response's head, and holds it, is not shown a second one.
  if (response_.head_seen != kNowhere) index = std::min(index, response_.head_seen);
  Cut(response_);
  response_.paused_at = response_.collecting_at = kNowhere;
  response_.resume.reset();
  response_.frame_body.Clear();
  response_.collected.Clear();
  response_.is_cut = response_.is_whole = false;
  owner_.response_trailers().Clear();
  response_.body =
      owner_.MakeReply(reply, index == 0 ? ReplyReader::kClient : ReplyReader::kFilters);
  response_.has_head = true;
  response_.head_last = response_.body.empty();
  response_.body_last = !response_.head_last;
  response_.queue_at = index - 1;
  DrainQueue(response_);
}

void FilterChain::OnClientHigh() {
  is_terminal_high_ = true;
  if (!is_terminal_over_ && !response_.is_held_back) terminal_->OnResponseHigh();
}

void FilterChain::OnClientLow() {
  is_terminal_high_ = false;
  if (!is_terminal_over_ && !response_.is_held_back) terminal_->OnResponseLow();
}

void FilterChain::EndTerminal() {
  if (is_terminal_over_ || terminal_ == nullptr) {
    is_terminal_over_ = true;
    return;
  }
  is_terminal_over_ = true;
  loop_.Defer(*this);  // one of its calls may be running
}

void FilterChain::End(const StreamSummary& summary) {
  if (std::exchange(is_ended_, true)) return;
  request_.is_over = response_.is_over = true;
  EndTerminal();
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].filter != nullptr) slots_[i].filter->OnStreamEnd(summary);
  }
}

}  // namespace outrigger::http
