#include "source/http/filter_chain.h"

#include "source/base/check.h"

namespace outrigger::http {

FilterChain::~FilterChain() {
  terminal_.reset();
  for (size_t i = 0; i < count_; ++i) slots_[i].~Slot();
}

void FilterChain::AddFilter(const ChainEntry& entry) {
  Slot* slot = new (&slots_[count_]) Slot(*this, count_, entry.name);
  ++count_;
  slot->filter = entry.factory(*slot);
  if (entry.body_mode == BodyMode::kWhole) collects_whole_body_ = true;
}

// --- request -----------------------------------------------------------------------------------

void FilterChain::OnRequestHead(bool last) {
  if (request_.is_over) return;
  // A tunnel's bytes are no body, and do not come before its answer.
  if (collects_whole_body_ && !last && !owner_.view().request().asks_for_tunnel()) {
    request_.has_head = true;
    request_.head_last = false;
    return;
  }
  ShowRequest(Frame::kHead, 0, nullptr, last);
}

void FilterChain::OnRequestBody(base::Buffer& piece, bool last) {
  if (request_.is_over) return piece.Clear();
  const bool collecting = collects_whole_body_ && request_.has_head;
  if (!request_.paused_at && !request_.has_queue()) {
    return ShowRequest(Frame::kBody, 0, &piece, last);
  }
  request_.body.Append(std::move(piece));
  request_.body_last = last;
  if (collecting && request_.body.size() > limits_.whole_body_bytes) {
    return Reply(
        {.status = 413, .detail = "request_payload_too_large", .body = "Payload Too Large"});
  }
  if (collecting && last) return DrainRequestQueue();
  if (!collecting) HoldBack();
}

void FilterChain::OnRequestTrailers(HeaderMap& trailers) {
  if (request_.is_over) return;
  if (!request_.paused_at && !request_.has_queue()) {
    request_.trailers = &trailers;
    return ShowRequest(Frame::kTrailers, 0, nullptr, true);
  }
  request_.trailers = &trailers;
  if (!request_.paused_at) DrainRequestQueue();
}

void FilterChain::ShowRequest(Frame frame, size_t from, base::Buffer* piece, bool last) {
  RequestHead& head = owner_.view().request();
  for (size_t i = from; i < count_; ++i) {
    HttpFilter& filter = *slots_[i].filter;
    Verdict verdict = frame == Frame::kHead   ? filter.OnRequestHead(head, last)
                      : frame == Frame::kBody ? filter.OnRequestBody(*piece, last)
                                              : filter.OnRequestTrailers(*request_.trailers);
    if (request_.is_over) return;
    switch (verdict.kind()) {
      case Verdict::Kind::kContinue:
        continue;
      case Verdict::Kind::kReply:
        return ReplyFrom(i, std::move(verdict.reply()));
      case Verdict::Kind::kPause:
        request_.paused_at = i;
        request_.frame = frame;
        request_.frame_last = last;
        if (piece != nullptr) request_.frame_body = std::move(*piece);
        HoldBack();
        return;
    }
  }
  if (is_terminal_over_) {
    if (piece != nullptr) piece->Clear();
    return;
  }
  switch (frame) {
    case Frame::kHead:
      return terminal_->OnRequestHead(head, last);
    case Frame::kBody:
      return terminal_->OnRequestBody(*piece, last);
    case Frame::kTrailers:
      return terminal_->OnRequestTrailers(*std::exchange(request_.trailers, nullptr));
  }
}

void FilterChain::ContinueRequest() {
  const size_t at = *request_.paused_at;
  Verdict verdict = std::move(*request_.resume);
  request_.resume.reset();
  request_.paused_at.reset();
  if (verdict.kind() == Verdict::Kind::kReply) return ReplyFrom(at, std::move(verdict.reply()));
  base::Buffer piece = std::move(request_.frame_body);
  ShowRequest(request_.frame, at + 1, &piece, request_.frame_last);
  if (!request_.paused_at && !request_.is_over) DrainRequestQueue();
}

void FilterChain::DrainRequestQueue() {
  if (std::exchange(request_.has_head, false)) {
    ShowRequest(Frame::kHead, 0, nullptr, request_.head_last);
    if (request_.paused_at || request_.is_over) return;
  }
  if (!request_.body.empty() || request_.body_last) {
    base::Buffer piece = std::move(request_.body);
    const bool last = std::exchange(request_.body_last, false);
    ShowRequest(Frame::kBody, 0, &piece, last);
    if (request_.paused_at || request_.is_over) return;
  }
  LetGo();
  if (request_.trailers != nullptr) ShowRequest(Frame::kTrailers, 0, nullptr, true);
}

void FilterChain::HoldBack() {
  if (request_.is_held_back) return;
  if (request_.body.size() + request_.frame_body.size() < limits_.held_bytes) return;
  request_.is_held_back = true;
  owner_.PauseRequest();
}

void FilterChain::LetGo() {
  if (!std::exchange(request_.is_held_back, false)) return;
  owner_.ResumeRequest();
}

// --- response ----------------------------------------------------------------------------------

void FilterChain::SendInformational() {
  if (!response_.is_over && !is_replying_) owner_.SendInformational();
}

void FilterChain::SendResponseHead(bool last) {
  if (response_.is_over || is_replying_) return;
  ShowResponse(Frame::kHead, response_entry_, nullptr, last);
}

void FilterChain::SendResponseBody(base::Buffer& piece, bool last) {
  if (response_.is_over || is_replying_) return piece.Clear();
  if (!response_.paused_at && !response_.has_queue()) {
    return ShowResponse(Frame::kBody, response_entry_, &piece, last);
  }
  response_.body.Append(std::move(piece));
  response_.body_last = last;
  if (!response_.is_held_back && response_.body.size() >= limits_.held_bytes) {
    response_.is_held_back = true;
    terminal_->OnResponseHigh();
  }
}

void FilterChain::SendResponseTrailers() {
  if (response_.is_over || is_replying_) return;
  response_.trailers = &owner_.response_trailers();
  if (!response_.paused_at && response_.body.empty()) {
    ShowResponse(Frame::kTrailers, response_entry_, nullptr, true);
  }
}

void FilterChain::ShowResponse(Frame frame, size_t past, base::Buffer* piece, bool last) {
  for (size_t i = past; i-- > 0;) {
    HttpFilter& filter = *slots_[i].filter;
    Verdict verdict = frame == Frame::kHead ? filter.OnResponseHead(owner_.response_head(), last)
                      : frame == Frame::kBody
                          ? filter.OnResponseBody(*piece, last)
                          : filter.OnResponseTrailers(owner_.response_trailers());
    if (response_.is_over) return;
    switch (verdict.kind()) {
      case Verdict::Kind::kContinue:
        continue;
      case Verdict::Kind::kReply:
        return ReplyFrom(i, std::move(verdict.reply()));
      case Verdict::Kind::kPause:
        response_.paused_at = i;
        response_.frame = frame;
        response_.frame_last = last;
        if (piece != nullptr) response_.frame_body = std::move(*piece);
        return;
    }
  }
  if (last) response_.is_over = true;
  switch (frame) {
    case Frame::kHead:
      return owner_.SendHead(last);
    case Frame::kBody:
      return owner_.SendBody(*piece, last);
    case Frame::kTrailers:
      response_.trailers = nullptr;
      return owner_.SendTrailers();
  }
}

void FilterChain::ContinueResponse() {
  const size_t at = *response_.paused_at;
  Verdict verdict = std::move(*response_.resume);
  response_.resume.reset();
  response_.paused_at.reset();
  if (verdict.kind() == Verdict::Kind::kReply) return ReplyFrom(at, std::move(verdict.reply()));
  base::Buffer piece = std::move(response_.frame_body);
  ShowResponse(response_.frame, at, &piece, response_.frame_last);
  if (!response_.paused_at && !response_.is_over) DrainResponseQueue();
}

void FilterChain::DrainResponseQueue() {
  if (!response_.body.empty() || response_.body_last) {
    base::Buffer piece = std::move(response_.body);
    const bool last = std::exchange(response_.body_last, false);
    ShowResponse(Frame::kBody, response_entry_, &piece, last);
    if (response_.paused_at || response_.is_over) return;
  }
  if (std::exchange(response_.is_held_back, false) && !is_terminal_over_ && !is_terminal_high_) {
    terminal_->OnResponseLow();
  }
  if (response_.trailers != nullptr) ShowResponse(Frame::kTrailers, response_entry_, nullptr, true);
}

void FilterChain::SendReply(LocalReply reply) {
  if (response_.is_over || is_replying_) return;
  ReplyFrom(count_, std::move(reply));
}

void FilterChain::AbortResponse(const StreamError& error) {
  // Of a tunnel the other half may still go on.
  if (is_ended_ || is_replying_) return;
  response_.is_over = request_.is_over = true;
  EndTerminal();
  owner_.Abort(error);
}

void FilterChain::ReplyFrom(size_t index, LocalReply reply) {
  if (response_.is_over) return;
  request_.is_over = true;
  EndTerminal();
  if (owner_.is_response_started() || is_replying_) {
    response_.is_over = true;
    return owner_.Abort({.kind = ErrorKind::kLocal,
                         .source = ErrorSource::kInternal,
                         .status = static_cast<uint16_t>(reply.status),
                         .detail = reply.detail});
  }
  is_replying_ = true;
  response_entry_ = index;
  response_.paused_at.reset();
  response_.resume.reset();
  response_.frame_body.Clear();
  response_.body.Clear();
  response_.body_last = false;
  response_.trailers = nullptr;
  base::Buffer body = owner_.MakeReply(reply);
  const bool has_body = !body.empty();
  // The head first; the body waits behind it when a filter pauses the head.
  response_.body = std::move(body);
  response_.body_last = has_body;
  ShowResponse(Frame::kHead, index, nullptr, !has_body);
  if (!response_.paused_at && !response_.is_over && has_body) {
    base::Buffer piece = std::move(response_.body);
    response_.body_last = false;
    ShowResponse(Frame::kBody, index, &piece, true);
  }
}

// --- both --------------------------------------------------------------------------------------

void FilterChain::Resume(Direction& direction, size_t index, Verdict verdict) {
  DCHECK(direction.paused_at == index);
  DCHECK(verdict.kind() != Verdict::Kind::kPause);
  if (is_ended_ || direction.paused_at != index || direction.resume) return;
  direction.resume = std::move(verdict);
  loop_.Defer(*this);
}

void FilterChain::RunDeferred() {
  if (is_terminal_over_) terminal_.reset();
  if (is_ended_) return;
  if (request_.resume && !request_.is_over) ContinueRequest();
  if (response_.resume && !response_.is_over && !is_ended_) ContinueResponse();
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
  for (size_t i = 0; i < count_; ++i) slots_[i].filter->OnStreamEnd(summary);
}

}  // namespace outrigger::http
