#include "source/http/http2/stream_table.h"

#include "source/event/loop.h"

namespace outrigger::http::http2 {

StreamTable::~StreamTable() {
  active_.Sub(count_);
  open_.Append(closing_);
  open_.ForEach([](Stream& stream) { std::unique_ptr<Stream> owned(&stream); });
}

Stream& StreamTable::Add(std::unique_ptr<Stream> stream) {
  Stream& added = *stream.release();
  open_.PushBack(added);
  ++count_;
  active_.Increment();
  return added;
}

void StreamTable::Deliver() {
  base::IntrusiveList<Stream, DueStreams> due;
  due.Append(due_);
  while (!due.empty()) {
    Stream& stream = due.front();
    stream.base::ListLink<DueStreams>::Unlink();
    stream.Deliver();
  }
}

void StreamTable::OnClosed(Stream& stream) {
  stream.base::ListLink<>::Unlink();
  closing_.PushBack(stream);
  --count_;
  active_.Decrement();
}

size_t StreamTable::Sweep() {
  size_t swept = 0;
  closing_.ForEach([&](Stream& stream) {
    if (!stream.is_over()) return;
    std::unique_ptr<Stream> owned(&stream);
    ++swept;
  });
  return swept;
}

void StreamTable::Lose(std::string_view detail) {
  const auto lose = [&](Stream& stream) { stream.OnConnectionLost(detail); };
  open_.ForEach(lose);
  closing_.ForEach(lose);
}

void StreamTable::WatchFlush(Stream& stream) {
  if (options_.flush_timeout.count() == 0) return;
  if (!stream.base::ListLink<FlushingStreams>::is_linked()) flushing_.PushBack(stream);
  if (flush_timer_ == nullptr) {
    flush_timer_ = std::make_unique<event::Timer>(loop_, [this] { CheckFlushes(); });
  }
  if (!flush_timer_->is_armed()) flush_timer_->Arm(options_.flush_timeout);
}

void StreamTable::CheckFlushes() {
  const base::MonoTime now = loop_.Now();
  base::MonoTime next = base::MonoTime::max();
  flushing_.ForEach([&](Stream& stream) {
    const base::MonoTime due = stream.flushing_since() + options_.flush_timeout;
    if (due <= now) {
      stream.base::ListLink<FlushingStreams>::Unlink();
      stream.GiveUpFlush();
    } else if (due < next) {
      next = due;
    }
  });
  if (!flushing_.empty()) flush_timer_->Arm(next - now);
}

}  // namespace outrigger::http::http2
