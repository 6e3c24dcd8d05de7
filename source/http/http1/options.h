#pragma once

#include <cstdint>
#include <string>

namespace outrigger::http::http1 {

// One side of HTTP/1.1 connections, compiled from Http1ProtocolOptions and the limits of a
// connection manager or cluster. Immutable; outlives the codecs that borrow it.
struct Options {
  uint32_t max_head_bytes = 60 * 1024;  // first line and fields; trailer sections too
  uint32_t max_headers = 100;           // fields in one section
  // Chunk extensions of one message, all together: they are overhead that no one reads.
  uint32_t max_chunk_extension_bytes = 16 * 1024;
  uint32_t max_informational = 64;  // 1xx responses to one request
  // What a client may still send after it was answered early, so that the connection can be kept.
  uint32_t max_discarded_bytes = 64 * 1024;
  bool allow_http10 = false;          // otherwise 426
  bool allow_absolute_target = true;  // otherwise 400
  bool enable_trailers = false;       // otherwise they are read, checked and dropped
  bool use_proper_case = false;       // "Content-Type" on output; otherwise as it came
  std::string default_host_http10;    // for HTTP/1.0 requests without Host; empty: 400
};

}  // namespace outrigger::http::http1
