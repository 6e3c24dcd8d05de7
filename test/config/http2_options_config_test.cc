#include "source/config/http2_options_config.h"

#include <string>

#include "gtest/gtest.h"
#include "source/config/refusal.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::Http2ProtocolOptions;
using http::http2::Options;
using std::chrono::milliseconds;

struct Read {
  Options options;
  std::string errors;
};

Read ReadYaml(std::string_view yaml) {
  const auto from = FromYaml<Http2ProtocolOptions>(yaml);
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(from, place);
  Read read;
  ReadHttp2Options(from, read.options, place);
  read.errors = std::string(findings.ToStatus().message());
  return read;
}

TEST(Http2OptionsConfig, KeepsTheDefaultsOfWhatIsNotSet) {
  const Read read = ReadYaml("{}");
  EXPECT_EQ(read.errors, "");
  EXPECT_EQ(read.options.max_concurrent_streams, Options().max_concurrent_streams);
  EXPECT_EQ(read.options.stream_window_bytes, 1u << 20);
  EXPECT_EQ(read.options.connection_window_bytes, 4u << 20);
  EXPECT_EQ(read.options.keepalive.interval, milliseconds(0));
  EXPECT_FALSE(read.options.allow_connect);
}

TEST(Http2OptionsConfig, ReadsEveryField) {
  const Read read = ReadYaml(R"({hpack_table_size: 0, max_concurrent_streams: 7,
initial_stream_window_size: 65535, initial_connection_window_size: 2147483647, allow_connect: true,
max_outbound_frames: 50, override_stream_error_on_invalid_http_message: true,
stream_error_on_invalid_http_messaging: true, enable_huffman_encoding: true,
use_oghttp2_codec: false,
connection_keepalive: {interval: 30s, timeout: 2s, interval_jitter: {value: 25.4},
                       connection_idle_interval: 0.5s}})");
  EXPECT_EQ(read.errors, "");
  EXPECT_EQ(read.options.header_table_bytes, 0u);
  EXPECT_EQ(read.options.max_concurrent_streams, 7u);
  EXPECT_EQ(read.options.stream_window_bytes, 65535u);
  EXPECT_EQ(read.options.connection_window_bytes, 2147483647u);
  EXPECT_TRUE(read.options.allow_connect);
  EXPECT_EQ(read.options.max_output_frames, 50u);
  EXPECT_EQ(read.options.keepalive.interval, milliseconds(30'000));
  EXPECT_EQ(read.options.keepalive.timeout, milliseconds(2'000));
  EXPECT_EQ(read.options.keepalive.jitter_percent, 25u);
  EXPECT_EQ(read.options.keepalive.idle_interval, milliseconds(500));
}

TEST(Http2OptionsConfig, RefusesByFieldAndValue) {
  const struct {
    std::string_view yaml, error;
  } kCases[] = {
      {"{max_concurrent_streams: 0}",
       "max_concurrent_streams: must be from 1 to 2147483647, got 0"},
      {"{initial_stream_window_size: 65534}",
       "initial_stream_window_size: must be from 65535 to 2147483647, got 65534"},
      {"{initial_connection_window_size: 2147483648}",
       "initial_connection_window_size: must be from 65535 to 2147483647, got 2147483648"},
      {"{max_outbound_frames: 0}", "max_outbound_frames: must be from 1 to 2147483647, got 0"},
      {"{connection_keepalive: {interval: 1s}}", "connection_keepalive.timeout: must be given"},
      {"{connection_keepalive: {timeout: 0s}}", "connection_keepalive.timeout: must be above 0"},
      {"{connection_keepalive: {timeout: 1s, interval_jitter: {value: 101}}}",
       "connection_keepalive.interval_jitter.value: must be from 0 to 100, got 101"},
      {"{override_stream_error_on_invalid_http_message: false}",
       "override_stream_error_on_invalid_http_message: false is not implemented: a malformed "
       "message ends its stream only; leave it out"},
      {"{enable_huffman_encoding: false}",
       "enable_huffman_encoding: false is not implemented: fields are sent in the shorter form; "
       "leave it out"},
      {"{allow_metadata: true}", "allow_metadata: not implemented"},
      {"{max_outbound_control_frames: 1}", "max_outbound_control_frames: not implemented"},
      {"{custom_settings_parameters: [{identifier: 9, value: 1}]}",
       "custom_settings_parameters: not implemented"},
      {"{use_oghttp2_codec: true}", "use_oghttp2_codec: not implemented"},
      {"{stream_reset_burst: 5}", "stream_reset_burst: not implemented"},
  };
  for (const auto& one : kCases) EXPECT_EQ(ReadYaml(one.yaml).errors, one.error) << one.yaml;
}

}  // namespace
}  // namespace outrigger::config
