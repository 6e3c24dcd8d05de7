#pragma once

#include <cstddef>
#include <cstdint>

#include "source/base/clock.h"

namespace outrigger::http::http2 {

// PINGs that tell a dead peer from a silent one (connection_keepalive).
struct Keepalive {
  base::Milliseconds interval{0};  // 0: none
  base::Milliseconds timeout{5000};
  uint32_t jitter_percent = 15;  // random share of interval added to each wait
  // Before a stream starts on a connection that was idle for so long, the peer is asked; 0: never.
  base::Milliseconds idle_interval{0};
};

// One side of HTTP/2 connections, compiled from Http2ProtocolOptions and the limits of a connection
// manager or cluster. Immutable; sessions that borrow it are outlived by it.
struct Options {
  // What a paused stream may hold, and all streams of a connection together.
  uint32_t stream_window_bytes = 1 << 20;
  uint32_t connection_window_bytes = 4 << 20;
  uint32_t header_table_bytes = 4096;  // HPACK, for what the peer sends; what we send: at most this
  uint32_t max_frame_bytes = 16384;    // SETTINGS_MAX_FRAME_SIZE that we announce
  // Server: streams that the client may have open; above it REFUSED_STREAM. Client: streams that we
  // open at most, whatever the server allows.
  uint32_t max_concurrent_streams = 1024;
  bool allow_connect = false;         // server: extended CONNECT (RFC 8441)
  size_t max_head_bytes = 60 * 1024;  // of one head or trailer section
  size_t max_headers = 100;
  size_t stream_output_high_bytes = 256 * 1024;
  uint32_t max_continuations = 8;  // frames after a HEADERS frame
  // Frames that move no body, in a second without any that does: more is an attack. A server counts
  // a new stream as movement as long as the stream lives to get its response.
  uint32_t max_idle_frames = 1000;
  // Server: streams that the client reset before their response, in a second (rapid reset).
  uint32_t max_resets = 100;
  uint32_t max_output_frames = 10000;  // unsent frames, all kinds; unsent acknowledgements 1000
  // How long a peer may take nothing of a message that was written to its end, before the stream is
  // reset; 0: as long as it likes.
  base::Milliseconds flush_timeout{300'000};
  Keepalive keepalive;
};

}  // namespace outrigger::http::http2
