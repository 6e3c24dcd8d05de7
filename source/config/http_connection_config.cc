#include "source/config/http_connection_config.h"

#include <algorithm>
#include <string>
#include <utility>

#include "envoy/extensions/request_id/uuid/v3/uuid.pb.h"
#include "source/base/text.h"
#include "source/config/access_log_config.h"
#include "source/config/cluster_protocol_config.h"
#include "source/config/field_values.h"
#include "source/config/http2_options_config.h"
#include "source/config/http_filters_config.h"
#include "source/config/local_reply_config.h"
#include "source/config/route_config.h"
#include "source/config/upgrade_config.h"

namespace outrigger::config {
namespace {

using downstream::HttpOptions;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::request_id::uuid::v3::UuidRequestIdConfig;
using SharedOptions = envoy::config::core::v3::HttpProtocolOptions;

void ReadCodecs(const HttpConnectionManager& manager, HttpOptions& options, const Place& place) {
  using downstream::CodecType;
  constexpr uint32_t kMaxHeadKb = 8192;
  if (manager.codec_type() == HttpConnectionManager::HTTP1) options.codec_type = CodecType::kHttp1;
  if (manager.codec_type() == HttpConnectionManager::HTTP2) options.codec_type = CodecType::kHttp2;
  if (manager.has_max_request_headers_kb()) {
    const uint32_t kb = manager.max_request_headers_kb().value();
    if (kb < 1 || kb > kMaxHeadKb) {
      place.At("max_request_headers_kb").Refuse(base::StrCat("must be from 1 to 8192, got ", kb));
    }
    options.http1.max_head_bytes = kb * 1024;
    options.http2.max_head_bytes = size_t{kb} * 1024;
  }
  ReadHttp2Options(manager.http2_protocol_options(), options.http2,
                   place.At("http2_protocol_options"));
  const auto& from = manager.http_protocol_options();
  options.http1.allow_http10 = from.accept_http_10();
  options.http1.default_host_http10 = from.default_host_for_http_10();
  options.http1.allow_absolute_target =
      !from.has_allow_absolute_url() || from.allow_absolute_url().value();
  options.http1.enable_trailers = from.enable_trailers();
  options.http1.use_proper_case = ReadProperCase(from, place.At("http_protocol_options"));
}

void ReadShared(const SharedOptions& from, HttpOptions& options, const Place& place) {
  using downstream::Underscores;
  if (from.has_idle_timeout()) {
    options.timeouts.connection_idle = ReadLimit(from.idle_timeout(), place.At("idle_timeout"));
  }
  if (from.has_max_connection_duration()) {
    options.timeouts.max_connection_duration =
        ReadLimit(from.max_connection_duration(), place.At("max_connection_duration"));
  }
  if (from.has_max_stream_duration()) {
    options.timeouts.max_stream_duration =
        ReadLimit(from.max_stream_duration(), place.At("max_stream_duration"));
  }
  if (from.has_max_headers_count()) {
    options.http2.max_headers = options.http1.max_headers = from.max_headers_count().value();
    if (options.http1.max_headers == 0) {
      place.At("max_headers_count").Refuse("must be at least 1, got 0");
    }
  }
  if (from.headers_with_underscores_action() == SharedOptions::REJECT_REQUEST) {
    options.underscores = Underscores::kReject;
  } else if (from.headers_with_underscores_action() == SharedOptions::DROP_HEADER) {
    options.underscores = Underscores::kDrop;
  }
  if (from.has_max_requests_per_connection() && from.max_requests_per_connection().value() != 0) {
    options.max_requests_per_connection = from.max_requests_per_connection().value();
  }
  if (from.has_max_response_headers_kb()) {
    place.At("max_response_headers_kb").Refuse("is for clusters");
  }
}

void ReadPath(const HttpConnectionManager& manager, const HttpConnectionOwner& owner,
              downstream::PathOptions& path, const Place& place) {
  using downstream::EscapedSlashes;
  path.normalize = manager.normalize_path().value();
  path.merge_slashes = manager.merge_slashes();
  switch (manager.path_with_escaped_slashes_action()) {
    case HttpConnectionManager::REJECT_REQUEST:
      path.escaped_slashes = EscapedSlashes::kReject;
      break;
    case HttpConnectionManager::UNESCAPE_AND_REDIRECT:
      path.escaped_slashes = EscapedSlashes::kUnescapeAndRedirect;
      break;
    case HttpConnectionManager::UNESCAPE_AND_FORWARD:
      path.escaped_slashes = EscapedSlashes::kUnescapeAndForward;
      break;
    default:
      path.escaped_slashes = EscapedSlashes::kKeep;
  }
  path.strip_any_port = manager.strip_any_host_port();
  if (manager.strip_matching_host_port()) {
    path.strip_port = owner.port;
    if (manager.strip_any_host_port()) {
      place.At("strip_matching_host_port").Refuse("must not stand beside strip_any_host_port");
    } else if (owner.port == uint16_t{0}) {
      place.At("strip_matching_host_port")
          .Refuse("needs a listener with a fixed port, got 0; give strip_any_host_port");
    }
  }
  path.strip_trailing_dot = manager.strip_trailing_host_dot();
}

void ReadInternalAddresses(const HttpConnectionManager::InternalAddressConfig& from,
                           downstream::ForwardingOptions& forwarding, const Place& place) {
  forwarding.internal_unix_sockets = from.unix_sockets();
  for (int i = 0; i < from.cidr_ranges_size(); ++i) {
    absl::StatusOr<net::Cidr> cidr = net::Cidr::Make(from.cidr_ranges(i).address_prefix(),
                                                     from.cidr_ranges(i).prefix_len().value());
    if (cidr.ok()) {
      forwarding.internal_addresses.push_back(*std::move(cidr));
    } else {
      place.At("cidr_ranges", i).Refuse(cidr.status());
    }
  }
}

void ReadForwarding(const HttpConnectionManager& manager, downstream::ForwardingOptions& forwarding,
                    const Place& place) {
  using downstream::ServerHeader;
  forwarding.use_remote_address = manager.use_remote_address().value();
  forwarding.trusted_hops = manager.xff_num_trusted_hops();
  forwarding.skip_xff_append = manager.skip_xff_append();
  forwarding.append_x_forwarded_port = manager.append_x_forwarded_port();
  ReadInternalAddresses(manager.internal_address_config(), forwarding,
                        place.At("internal_address_config"));
  forwarding.generate_request_id =
      !manager.has_generate_request_id() || manager.generate_request_id().value();
  forwarding.preserve_external_request_id = manager.preserve_external_request_id();
  forwarding.request_id_in_response = manager.always_set_request_id_in_response();
  forwarding.via = manager.via();
  if (!manager.server_name().empty()) forwarding.server_name = manager.server_name();
  if (manager.server_header_transformation() == HttpConnectionManager::APPEND_IF_ABSENT) {
    forwarding.server_header = ServerHeader::kAppendIfAbsent;
  } else if (manager.server_header_transformation() == HttpConnectionManager::PASS_THROUGH) {
    forwarding.server_header = ServerHeader::kPassThrough;
  }
  if (manager.has_request_id_extension()) {
    UuidRequestIdConfig config;
    (void)Unpack(manager.request_id_extension().typed_config(), config,
                 place.At("request_id_extension.typed_config"));
  }
}

void ReadClientCertificate(const HttpConnectionManager& manager,
                           downstream::ClientCertificateOptions& certificate) {
  using Forward = downstream::ClientCertificateOptions::Forward;
  switch (manager.forward_client_cert_details()) {
    case HttpConnectionManager::FORWARD_ONLY:
      certificate.forward = Forward::kForwardOnly;
      break;
    case HttpConnectionManager::APPEND_FORWARD:
      certificate.forward = Forward::kAppendForward;
      break;
    case HttpConnectionManager::SANITIZE_SET:
      certificate.forward = Forward::kSanitizeSet;
      break;
    case HttpConnectionManager::ALWAYS_FORWARD_ONLY:
      certificate.forward = Forward::kAlwaysForwardOnly;
      break;
    default:
      certificate.forward = Forward::kSanitize;
  }
  const auto& told = manager.set_current_client_cert_details();
  certificate.certificate = told.cert();
  certificate.chain = told.chain();
  certificate.subject = told.subject().value();
  certificate.uris = told.uri();
  certificate.dns_names = told.dns();
}

void ReadTimeouts(const HttpConnectionManager& manager, downstream::TimeoutOptions& timeouts,
                  const Place& place) {
  if (manager.has_stream_idle_timeout()) {
    timeouts.stream_idle =
        ReadLimit(manager.stream_idle_timeout(), place.At("stream_idle_timeout"));
  }
  if (manager.has_request_timeout()) {
    timeouts.request = ReadLimit(manager.request_timeout(), place.At("request_timeout"));
  }
  if (manager.has_request_headers_timeout()) {
    timeouts.request_headers =
        ReadLimit(manager.request_headers_timeout(), place.At("request_headers_timeout"));
  }
  if (manager.has_delayed_close_timeout()) {
    timeouts.delayed_close =
        ReadDuration(manager.delayed_close_timeout(), place.At("delayed_close_timeout"));
  }
  if (manager.has_drain_timeout()) {
    timeouts.drain = ReadDuration(manager.drain_timeout(), place.At("drain_timeout"));
  }
}

RouteSource ReadRoutes(const HttpConnectionManager& manager, const RouteContext& context,
                       const Place& place) {
  RouteSource source;
  switch (manager.route_specifier_case()) {
    case HttpConnectionManager::kRds: {
      const Place at = place.At("rds");
      source.rds_name = manager.rds().route_config_name();
      if (source.rds_name.empty()) at.At("route_config_name").Refuse("must be given");
      const Place config_source = at.At("config_source");
      RequireAds(manager.rds().config_source(), config_source);
      source.initial_fetch_timeout =
          ReadInitialFetchTimeout(manager.rds().config_source(), config_source);
      return source;
    }
    case HttpConnectionManager::kRouteConfig: {
      const auto& routes = manager.route_config();
      RouteContext checked = context;
      if (routes.has_validate_clusters() && !routes.validate_clusters().value()) {
        checked.cluster_exists = nullptr;
      }
      source.inline_table = CompileRoutes(routes, checked, place.At("route_config"));
      return source;
    }
    case HttpConnectionManager::kScopedRoutes:  // refused by the schema
      return source;
    case HttpConnectionManager::ROUTE_SPECIFIER_NOT_SET:
      break;
  }
  place.Refuse("must hold one of rds, route_config");
  return source;
}

}  // namespace

HttpConnectionSpec CompileHttpConnection(const HttpConnectionManager& manager,
                                         const HttpConnectionOwner& owner,
                                         const RouteContext& context, const Place& place) {
  auto options = std::make_shared<HttpOptions>();
  if (manager.stat_prefix().empty()) place.At("stat_prefix").Refuse("must be given");
  ReadCodecs(manager, *options, place);
  ReadShared(manager.common_http_protocol_options(), *options,
             place.At("common_http_protocol_options"));
  ReadPath(manager, owner, options->path, place);
  ReadForwarding(manager, options->forwarding, place);
  ReadClientCertificate(manager, options->client_certificate);
  ReadTimeouts(manager, options->timeouts, place);
  options->connection_buffer_bytes = owner.buffer_bytes;
  options->chain_limits.held_bytes = std::min(options->chain_limits.held_bytes, owner.buffer_bytes);
  options->chain_limits.whole_body_bytes = owner.buffer_bytes;
  options->proxy_100_continue = manager.proxy_100_continue();
  options->upgrades = ReadUpgrades(manager.upgrade_configs(), place);
  ReadHttpFilters(manager.http_filters(), context, *options, place);
  options->access_loggers = ReadAccessLogs(manager.access_log(), "access_log", context.registry,
                                           context.factories, context.environment.runtime, place);
  if (manager.has_local_reply_config()) {
    options->local_reply = ReadLocalReplies(
        manager.local_reply_config(), context.environment.runtime, place.At("local_reply_config"));
  }
  HttpConnectionSpec spec{.options = std::move(options)};
  spec.routes = ReadRoutes(manager, context, place);
  return spec;
}

}  // namespace outrigger::config
