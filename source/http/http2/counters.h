#pragma once

#include "source/stats/scope.h"
#include "source/stats/store.h"

namespace outrigger::http::http2 {

// The `http2.*` statistics. The names are Envoy's but for the last three, which it lacks.
#define OUTRIGGER_HTTP2_COUNTERS(COUNTER, GAUGE)                                                \
  COUNTER(goaway_sent)                                                                          \
  COUNTER(header_overflow)      /* heads and trailers above their limits */                     \
  COUNTER(headers_cb_no_stream) /* header blocks of streams that are gone */                    \
  COUNTER(inbound_empty_frames_flood)                                                           \
  COUNTER(inbound_priority_frames_flood)                                                        \
  COUNTER(inbound_window_update_frames_flood)                                                   \
  COUNTER(keepalive_timeout)                                                                    \
  COUNTER(outbound_control_flood) /* acknowledgements and resets that the peer leaves unread */ \
  COUNTER(outbound_flood)                                                                       \
  COUNTER(rx_messaging_error) /* malformed requests and responses (RFC 9113 8.1.1) */           \
  COUNTER(rx_reset)                                                                             \
  COUNTER(stream_refused_errors) /* REFUSED_STREAM, sent or received */                         \
  COUNTER(trailers)                                                                             \
  COUNTER(tx_flush_timeout) /* complete messages that the peer did not take in time */          \
  COUNTER(tx_reset)                                                                             \
  GAUGE(streams_active)                                                                         \
  COUNTER(inbound_continuation_frames_flood)                                                    \
  COUNTER(inbound_control_frames_flood) /* PING, SETTINGS and unknown frames */                 \
  COUNTER(inbound_reset_flood)          /* streams begun and broken off: rapid reset */

// The handles of one connection manager or cluster, and the group that keeps them valid. A
// default-made one counts into the void.
// Owner: the options beside it; sessions that borrow it are outlived by it.
struct Counters {
  // Under `scope`: `http2.goaway_sent` and so on.
  static Counters Declare(stats::Store& store, const stats::Scope& scope);

  stats::GroupPtr group;
#define OUTRIGGER_COUNTER(name) stats::Counter name;
#define OUTRIGGER_GAUGE(name) stats::Gauge name;
  OUTRIGGER_HTTP2_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
};

}  // namespace outrigger::http::http2
