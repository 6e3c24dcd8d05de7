#include "source/config/http2_options_config.h"

#include <cmath>

#include "source/base/text.h"
#include "source/config/field_values.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::Http2ProtocolOptions;
using envoy::config::core::v3::KeepaliveSettings;

constexpr uint32_t kMost31 = 2147483647;  // RFC 9113 6.5.2: window sizes and stream numbers

uint32_t ReadBetween(uint32_t least, uint32_t most, uint32_t value, const Place& place) {
  if (value < least || value > most) {
    place.Refuse(base::StrCat("must be from ", least, " to ", most, ", got ", value));
  }
  return value;
}

void ReadWindows(const Http2ProtocolOptions& from, http::http2::Options& to, const Place& place) {
  constexpr uint32_t kLeast = 65535;  // what a peer takes for granted (RFC 9113 6.9.2)
  if (from.has_initial_stream_window_size()) {
    to.stream_window_bytes = ReadBetween(kLeast, kMost31, from.initial_stream_window_size().value(),
                                         place.At("initial_stream_window_size"));
  }
  if (from.has_initial_connection_window_size()) {
    to.connection_window_bytes =
        ReadBetween(kLeast, kMost31, from.initial_connection_window_size().value(),
                    place.At("initial_connection_window_size"));
  }
}

void ReadPings(const KeepaliveSettings& from, http::http2::Keepalive& to, const Place& place) {
  constexpr double kMostPercent = 100;
  if (from.has_interval()) to.interval = ReadDuration(from.interval(), place.At("interval"));
  if (from.has_timeout()) {
    to.timeout = ReadPositiveDuration(from.timeout(), place.At("timeout"));
  } else {
    place.At("timeout").Refuse("must be given");
  }
  if (from.has_interval_jitter()) {
    const double percent = from.interval_jitter().value();
    if (!(percent >= 0 && percent <= kMostPercent)) {
      place.At("interval_jitter.value")
          .Refuse(base::StrCat("must be from 0 to 100, got ", percent));
    } else {
      to.jitter_percent = static_cast<uint32_t>(std::lround(percent));
    }
  }
  if (from.has_connection_idle_interval()) {
    to.idle_interval =
        ReadPositiveDuration(from.connection_idle_interval(), place.At("connection_idle_interval"));
  }
}

// What has one way here, so that asking for the other is refused rather than forgotten.
void RefuseOtherWays(const Http2ProtocolOptions& from, const Place& place) {
  const auto& stream_error = from.override_stream_error_on_invalid_http_message();
  if (from.has_override_stream_error_on_invalid_http_message() && !stream_error.value()) {
    place.At("override_stream_error_on_invalid_http_message")
        .Refuse("false is not implemented: a malformed message ends its stream only; leave it out");
  }
  if (from.has_enable_huffman_encoding() && !from.enable_huffman_encoding().value()) {
    place.At("enable_huffman_encoding")
        .Refuse("false is not implemented: fields are sent in the shorter form; leave it out");
  }
}

}  // namespace

void ReadHttp2Options(const Http2ProtocolOptions& from, http::http2::Options& to,
                      const Place& place) {
  if (from.has_hpack_table_size()) to.header_table_bytes = from.hpack_table_size().value();
  if (from.has_max_concurrent_streams()) {
    to.max_concurrent_streams = ReadBetween(1, kMost31, from.max_concurrent_streams().value(),
                                            place.At("max_concurrent_streams"));
  }
  ReadWindows(from, to, place);
  to.allow_connect = from.allow_connect();
  if (from.has_max_outbound_frames()) {
    to.max_output_frames = ReadBetween(1, kMost31, from.max_outbound_frames().value(),
                                       place.At("max_outbound_frames"));
  }
  if (from.has_connection_keepalive()) {
    ReadPings(from.connection_keepalive(), to.keepalive, place.At("connection_keepalive"));
  }
  RefuseOtherWays(from, place);
}

}  // namespace outrigger::config
