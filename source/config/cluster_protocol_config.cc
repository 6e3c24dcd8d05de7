#include "source/config/cluster_protocol_config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.pb.h"
#include "envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h"
#include "source/config/field_values.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::core::v3::Http1ProtocolOptions;
using envoy::config::core::v3::Http2ProtocolOptions;
using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
using upstream::ClusterSpec;

void ReadShared(const envoy::config::core::v3::HttpProtocolOptions& from, ClusterSpec& spec,
                const Place& place) {
  if (from.has_idle_timeout()) {
    spec.idle_timeout = ReadLimit(from.idle_timeout(), place.At("idle_timeout"));
  }
  if (from.has_max_connection_duration()) {
    spec.max_connection_duration =
        ReadLimit(from.max_connection_duration(), place.At("max_connection_duration"));
  }
  if (from.has_max_headers_count()) {
    spec.http1.max_headers = from.max_headers_count().value();
    if (spec.http1.max_headers == 0) {
      place.At("max_headers_count").Refuse("must be at least 1, got 0");
    }
  }
  if (from.has_max_requests_per_connection() && from.max_requests_per_connection().value() != 0) {
    spec.max_requests_per_connection = from.max_requests_per_connection().value();
  }
  if (from.has_max_response_headers_kb()) {
    constexpr uint32_t kMaxKb = 8192;
    const uint32_t kb = from.max_response_headers_kb().value();
    if (kb < 1 || kb > kMaxKb) {
      place.At("max_response_headers_kb").Refuse(absl::StrCat("must be from 1 to 8192, got ", kb));
    }
    spec.http1.max_head_bytes = kb * 1024;
  }
  if (from.has_max_stream_duration()) {
    place.At("max_stream_duration")
        .Refuse("not implemented for clusters; give it to the connection manager or the route");
  }
  if (from.headers_with_underscores_action() !=
      envoy::config::core::v3::HttpProtocolOptions::ALLOW) {
    place.At("headers_with_underscores_action").Refuse("is for connection managers");
  }
}

void ReadHttp1(const Http1ProtocolOptions& from, ClusterSpec& spec, const Place& place) {
  spec.http1.use_proper_case = ReadProperCase(from, place);
  spec.http1.enable_trailers = from.enable_trailers();
}

uint32_t ReadWindow(const google::protobuf::UInt32Value& bytes, const Place& place) {
  constexpr uint32_t kLeast = 65535, kMost = 2147483647;  // RFC 9113 6.9.2, and Envoy's floor
  if (bytes.value() < kLeast || bytes.value() > kMost) {
    place.Refuse(absl::StrCat("must be from 65535 to 2147483647, got ", bytes.value()));
  }
  return bytes.value();
}

void ReadHttp2(const Http2ProtocolOptions& from, ClusterSpec& spec, const Place& place) {
  spec.protocol = upstream::UpstreamProtocol::kHttp2;
  upstream::Http2Settings& to = spec.http2;
  for (const auto& [is_set, field] :
       {std::pair(from.has_hpack_table_size(), "hpack_table_size"),
        std::pair(from.has_max_concurrent_streams(), "max_concurrent_streams")}) {
    if (is_set) place.At(field).Refuse("not implemented for upstream connections");
  }
  if (from.has_initial_stream_window_size()) {
    to.stream_window_bytes =
        ReadWindow(from.initial_stream_window_size(), place.At("initial_stream_window_size"));
  }
  if (from.has_initial_connection_window_size()) {
    to.connection_window_bytes = ReadWindow(from.initial_connection_window_size(),
                                            place.At("initial_connection_window_size"));
  }
  if (!from.has_connection_keepalive()) return;
  const auto& keepalive = from.connection_keepalive();
  const Place at = place.At("connection_keepalive");
  if (keepalive.has_interval()) {
    to.keepalive_interval = ReadDuration(keepalive.interval(), at.At("interval"));
  }
  to.keepalive_timeout = ReadPositiveDuration(keepalive.timeout(), at.At("timeout"));
  if (keepalive.has_interval_jitter()) at.At("interval_jitter").Refuse("not implemented");
  if (keepalive.has_connection_idle_interval()) {
    at.At("connection_idle_interval").Refuse("not implemented");
  }
}

void ReadOptions(const HttpProtocolOptions& options, ClusterSpec& spec, const Place& place) {
  if (options.has_common_http_protocol_options()) {
    ReadShared(options.common_http_protocol_options(), spec,
               place.At("common_http_protocol_options"));
  }
  switch (options.upstream_protocol_options_case()) {
    case HttpProtocolOptions::kExplicitHttpConfig: {
      const Place at = place.At("explicit_http_config");
      const auto& one = options.explicit_http_config();
      if (one.has_http_protocol_options()) {
        ReadHttp1(one.http_protocol_options(), spec, at.At("http_protocol_options"));
      } else if (one.has_http2_protocol_options()) {
        ReadHttp2(one.http2_protocol_options(), spec, at.At("http2_protocol_options"));
      } else {
        at.Refuse("must hold one of http_protocol_options, http2_protocol_options");
      }
      return;
    }
    case HttpProtocolOptions::kUseDownstreamProtocolConfig:  // clients speak HTTP/1 only
      return ReadHttp1(options.use_downstream_protocol_config().http_protocol_options(), spec,
                       place.At("use_downstream_protocol_config.http_protocol_options"));
    case HttpProtocolOptions::kAutoConfig:  // refused by the schema
      return;
    case HttpProtocolOptions::UPSTREAM_PROTOCOL_OPTIONS_NOT_SET:
      return place.Refuse("must hold one of explicit_http_config, use_downstream_protocol_config");
  }
}

void ReadOlderFields(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  if (cluster.has_common_http_protocol_options()) {
    ReadShared(cluster.common_http_protocol_options(), spec,
               place.At("common_http_protocol_options"));
  }
  if (cluster.has_http_protocol_options()) {
    ReadHttp1(cluster.http_protocol_options(), spec, place.At("http_protocol_options"));
  }
  if (cluster.has_http2_protocol_options()) {
    ReadHttp2(cluster.http2_protocol_options(), spec, place.At("http2_protocol_options"));
  }
  if (cluster.has_max_requests_per_connection() &&
      cluster.max_requests_per_connection().value() != 0) {
    spec.max_requests_per_connection = cluster.max_requests_per_connection().value();
  }
}

}  // namespace

void CompileClusterProtocol(const Cluster& cluster, bool may_speak_http2, ClusterSpec& spec,
                            const Place& place) {
  ReadOlderFields(cluster, spec, place);
  for (const auto& [name, any] : cluster.typed_extension_protocol_options()) {
    const Place at = place.At("typed_extension_protocol_options", name);
    const std::string type = loading::ResolvedTypeName(any);
    HttpProtocolOptions options;
    if (type != HttpProtocolOptions::descriptor()->full_name()) {
      at.Refuse(absl::StrCat("unknown type \"", type,
                             "\"; known: ", HttpProtocolOptions::descriptor()->full_name()));
    } else if (Unpack(any, options, at)) {
      ReadOptions(options, spec, at);
    }
  }
  if (spec.protocol == upstream::UpstreamProtocol::kHttp2 && !may_speak_http2) {
    place.At("http2_protocol_options")
        .Refuse(
            "HTTP/2 to endpoints is not implemented, only to the static cluster of the control "
            "plane; give http_protocol_options");
  }
}

bool ReadProperCase(const Http1ProtocolOptions& options, const Place& place) {
  using envoy::extensions::http::header_formatters::preserve_case::v3::PreserveCaseFormatterConfig;
  using Format = Http1ProtocolOptions::HeaderKeyFormat;
  if (!options.has_header_key_format()) return false;
  const Place at = place.At("header_key_format");
  switch (options.header_key_format().header_format_case()) {
    case Format::kProperCaseWords:
      return true;
    case Format::kStatefulFormatter: {
      PreserveCaseFormatterConfig config;
      (void)Unpack(options.header_key_format().stateful_formatter().typed_config(), config,
                   at.At("stateful_formatter.typed_config"));
      return false;
    }
    case Format::HEADER_FORMAT_NOT_SET:
      break;
  }
  at.Refuse("must hold one of proper_case_words, stateful_formatter");
  return false;
}

}  // namespace outrigger::config
