#include "source/config/cluster_protocol_config.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.pb.h"
#include "envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h"
#include "source/config/field_values.h"
#include "source/config/http2_options_config.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::core::v3::Http1ProtocolOptions;
using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
using upstream::ClusterSpec;
using upstream::UpstreamProtocol;

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
    spec.http2.max_headers = spec.http1.max_headers;
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
    spec.http2.max_head_bytes = spec.http1.max_head_bytes;
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

void ReadExplicit(const HttpProtocolOptions::ExplicitHttpConfig& from, ClusterSpec& spec,
                  const Place& place) {
  if (from.has_http_protocol_options()) {
    spec.protocol = UpstreamProtocol::kHttp1;
    ReadHttp1(from.http_protocol_options(), spec, place.At("http_protocol_options"));
  } else if (from.has_http2_protocol_options()) {
    spec.protocol = UpstreamProtocol::kHttp2;
    ReadHttp2Options(from.http2_protocol_options(), spec.http2, place.At("http2_protocol_options"));
  } else {
    place.Refuse("must hold one of http_protocol_options, http2_protocol_options");
  }
}

void ReadDownstream(const HttpProtocolOptions::UseDownstreamHttpConfig& from, ClusterSpec& spec,
                    const Place& place) {
  spec.protocol = UpstreamProtocol::kDownstream;
  ReadHttp1(from.http_protocol_options(), spec, place.At("http_protocol_options"));
  ReadHttp2Options(from.http2_protocol_options(), spec.http2, place.At("http2_protocol_options"));
}

void ReadAuto(const HttpProtocolOptions::AutoHttpConfig& from, ClusterSpec& spec,
              const Place& place) {
  spec.protocol = UpstreamProtocol::kAlpn;
  ReadHttp1(from.http_protocol_options(), spec, place.At("http_protocol_options"));
  ReadHttp2Options(from.http2_protocol_options(), spec.http2, place.At("http2_protocol_options"));
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";  // RFC 9110 5.6.2
  return std::all_of(name.begin(), name.end(), [kMarks](unsigned char c) {
    return absl::ascii_isalnum(c) || kMarks.find(static_cast<char>(c)) != kMarks.npos;
  });
}

void ReadNames(const envoy::config::core::v3::UpstreamHttpProtocolOptions& from, ClusterSpec& spec,
               const Place& place) {
  spec.auto_sni = from.auto_sni();
  spec.auto_san_validation = from.auto_san_validation();
  spec.auto_sni_header = absl::AsciiStrToLower(from.override_auto_sni_header());
  const Place at = place.At("override_auto_sni_header");
  const std::string& header = from.override_auto_sni_header();
  if (!IsHeaderName(header) && header != ":authority") {
    at.Refuse(
        absl::StrCat("must be the name of a header, got \"", absl::Utf8SafeCEscape(header), "\""));
  } else if (!header.empty() && !from.auto_sni() && !from.auto_san_validation()) {
    at.Refuse("has a meaning only with auto_sni or auto_san_validation");
  }
}

void ReadOptions(const HttpProtocolOptions& options, ClusterSpec& spec, const Place& place) {
  if (options.has_common_http_protocol_options()) {
    ReadShared(options.common_http_protocol_options(), spec,
               place.At("common_http_protocol_options"));
  }
  if (options.has_upstream_http_protocol_options()) {
    ReadNames(options.upstream_http_protocol_options(), spec,
              place.At("upstream_http_protocol_options"));
  }
  switch (options.upstream_protocol_options_case()) {
    case HttpProtocolOptions::kExplicitHttpConfig:
      return ReadExplicit(options.explicit_http_config(), spec, place.At("explicit_http_config"));
    case HttpProtocolOptions::kUseDownstreamProtocolConfig:
      return ReadDownstream(options.use_downstream_protocol_config(), spec,
                            place.At("use_downstream_protocol_config"));
    case HttpProtocolOptions::kAutoConfig:
      return ReadAuto(options.auto_config(), spec, place.At("auto_config"));
    case HttpProtocolOptions::UPSTREAM_PROTOCOL_OPTIONS_NOT_SET:
      return place.Refuse(
          "must hold one of explicit_http_config, use_downstream_protocol_config, auto_config");
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
    spec.protocol = UpstreamProtocol::kHttp2;
    ReadHttp2Options(cluster.http2_protocol_options(), spec.http2,
                     place.At("http2_protocol_options"));
  }
  if (cluster.protocol_selection() == Cluster::USE_DOWNSTREAM_PROTOCOL) {
    spec.protocol = UpstreamProtocol::kDownstream;
  }
  if (cluster.has_upstream_http_protocol_options()) {
    ReadNames(cluster.upstream_http_protocol_options(), spec,
              place.At("upstream_http_protocol_options"));
  }
  if (cluster.has_max_requests_per_connection() &&
      cluster.max_requests_per_connection().value() != 0) {
    spec.max_requests_per_connection = cluster.max_requests_per_connection().value();
  }
}

}  // namespace

void CompileClusterProtocol(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
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
