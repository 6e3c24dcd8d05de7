#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "source/base/intrusive_list.h"
#include "source/event/timer.h"
#include "source/http/http2/closed_streams.h"
#include "source/http/http2/options.h"
#include "source/http/http2/stream.h"
#include "source/stats/metric.h"

namespace outrigger::http::http2 {

// The streams of one connection. nghttp2 finds them by id; here they are owned, told what is due,
// and watched when their peer does not take the end of a message.
// Owner: a framer.  Limits: the framer's on how many may be open.
class StreamTable {
 public:
  // `active`: counts the open ones of all connections.
  StreamTable(event::Loop& loop, const Options& options, stats::Gauge active)
      : loop_(loop), options_(options), active_(active) {}
  ~StreamTable();
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;

  Stream& Add(std::unique_ptr<Stream> stream);
  // Those that nghttp2 has not closed.
  size_t count() const { return count_; }
  void MarkDue(Stream& stream) {
    if (!stream.base::ListLink<DueStreams>::is_linked()) due_.PushBack(stream);
  }
  bool has_due() const { return !due_.empty(); }
  // Calls Deliver of those that were marked before it.
  void Deliver();
  // nghttp2 forgot it.
  void OnClosed(Stream& stream);
  // Destroys those that are over; how many. Not from inside a stream.
  size_t Sweep();
  // Calls OnConnectionLost of all.
  void Lose(std::string_view detail);
  // The stream was written to its end: it has Options::flush_timeout from then, or from the last
  // progress, to get to the peer.
  void WatchFlush(Stream& stream);
  ClosedStreams& closed() { return closed_; }

 private:
  void CheckFlushes();

  event::Loop& loop_;
  const Options& options_;
  const stats::Gauge active_;
  base::IntrusiveList<Stream> open_;
  base::IntrusiveList<Stream> closing_;  // over, or waiting for their users
  base::IntrusiveList<Stream, DueStreams> due_;
  base::IntrusiveList<Stream, FlushingStreams> flushing_;
  std::unique_ptr<event::Timer> flush_timer_;  // made for the first that waits
  ClosedStreams closed_;
  size_t count_ = 0;
};

}  // namespace outrigger::http::http2
