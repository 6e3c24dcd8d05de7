#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/arena.h"
#include "source/base/text.h"
#include "test/config/compile_fixture.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using base::StrCat;
using envoy::config::listener::v3::Listener;
using std::chrono::milliseconds;
using testing::HasSubstr;
using SpecPtr = std::shared_ptr<const ListenerSpec>;

constexpr std::string_view kRouter =
    R"({name: router, typed_config: {"@type": a/envoy.extensions.filters.http.router.v3.Router}})";
constexpr std::string_view kRoutes =
    R"(route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: a}}]}]})";

// A listener around one connection manager with these fields, flow style.
std::string WithManager(std::string_view fields, std::string_view listener = "name: web") {
  return StrCat(
      R"({address: {socket_address: {address: 127.0.0.1, port_value: 8080}}, )", listener,
      R"(, filter_chains: [{filters: [{name: http, typed_config: {"@type": a/)",
      "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, ", fields,
      "}}]}]}");
}

// The same with all that is required, and more fields.
std::string Complete(std::string_view fields = "codec_type: AUTO",
                     std::string_view listener = "name: web") {
  return WithManager(
      StrCat("stat_prefix: in, http_filters: [", kRouter, "], ", kRoutes, ", ", fields), listener);
}

// The same with a filter_chain_match.
std::string WithMatch(std::string_view match) {
  std::string yaml = Complete();
  const std::string_view chain = "filter_chains: [{";
  yaml.insert(yaml.find(chain) + chain.size(), StrCat("filter_chain_match: {", match, "}, "));
  return yaml;
}

class ListenerConfig : public testing::Test {
 protected:
  SpecPtr Compile(std::string_view yaml) {
    absl::StatusOr<SpecPtr> spec = shop_.compiler.Listener(FromYaml<Listener>(yaml), exists_);
    EXPECT_TRUE(spec.ok()) << spec.status().message();
    return spec.ok() ? *std::move(spec) : std::make_shared<ListenerSpec>();
  }
  std::string Errors(std::string_view yaml) {
    return std::string(
        shop_.compiler.Listener(FromYaml<Listener>(yaml), exists_).status().message());
  }
  std::shared_ptr<const downstream::HttpOptions> Http(std::string_view fields) {
    const SpecPtr spec = Compile(Complete(fields));
    return spec->only_chain != nullptr && spec->only_chain->http != nullptr
               ? spec->only_chain->http
               : std::make_shared<downstream::HttpOptions>();
  }

  Workshop shop_;
  const ClusterExists* exists_ = nullptr;
};

TEST_F(ListenerConfig, HasTheDefaultsOfItsDocumentation) {
  const SpecPtr spec = Compile(Complete());
  EXPECT_EQ(spec->name, "web");
  ASSERT_EQ(spec->addresses.size(), 1u);
  EXPECT_EQ(spec->addresses[0].ToString(), "127.0.0.1:8080");
  EXPECT_EQ(spec->stat_name, "127.0.0.1:8080");
  EXPECT_TRUE(spec->reuse_port);
  EXPECT_EQ(spec->max_accepts_per_event, 64u);
  EXPECT_TRUE(spec->drains_on_health_check_fail);
  EXPECT_FALSE(spec->ignores_global_limit);
  const downstream::HttpOptions& http = *spec->only_chain->http;
  EXPECT_EQ(http.timeouts.stream_idle, milliseconds(300'000));
  EXPECT_EQ(http.timeouts.connection_idle, milliseconds(3'600'000));
  EXPECT_EQ(http.timeouts.delayed_close, milliseconds(1000));
  EXPECT_EQ(http.timeouts.request, std::nullopt);
  EXPECT_FALSE(http.path.normalize);
  EXPECT_FALSE(http.forwarding.use_remote_address);
  EXPECT_TRUE(http.forwarding.generate_request_id);
  EXPECT_EQ(http.forwarding.server_name, "outrigger");
  EXPECT_EQ(http.http1.max_head_bytes, 60u * 1024);
  EXPECT_EQ(http.http1.max_headers, 100u);
  EXPECT_FALSE(http.http1.enable_trailers);
  EXPECT_TRUE(http.http1.allow_absolute_target);
  EXPECT_EQ(http.connection_buffer_bytes, 1024u * 1024);
  EXPECT_TRUE(http.terminal);
  EXPECT_FALSE(http.local_reply);
  EXPECT_NE(spec->only_chain->routes.inline_table, nullptr);
  EXPECT_EQ(shop_.stats.Value("listener.127.0.0.1_8080.downstream_cx_total"), 0u);
  EXPECT_EQ(shop_.stats.Value("http.in.downstream_rq_total"), 0u);
}

TEST_F(ListenerConfig, ReadsEveryFieldOfTheListener) {
  const SpecPtr spec = Compile(Complete("codec_type: HTTP1", R"(
stat_prefix: mine, enable_reuse_port: false, tcp_backlog_size: 7, traffic_direction: INBOUND,
drain_type: MODIFY_ONLY, bypass_overload_manager: true, per_connection_buffer_limit_bytes: 32768,
max_connections_to_accept_per_socket_event: 1,
additional_addresses: [{address: {pipe: {path: "@x", mode: 384}}}])"));
  EXPECT_EQ(spec->name, "127.0.0.1:8080");
  EXPECT_EQ(spec->stat_name, "mine");
  EXPECT_FALSE(spec->reuse_port);
  EXPECT_EQ(spec->backlog, 7);
  EXPECT_EQ(spec->direction, ListenerSpec::Direction::kInbound);
  EXPECT_FALSE(spec->drains_on_health_check_fail);
  EXPECT_TRUE(spec->ignores_global_limit);
  EXPECT_EQ(spec->max_accepts_per_event, 1u);
  EXPECT_EQ(spec->addresses[1].ToString(), "@x");
  EXPECT_EQ(spec->only_chain->http->connection_buffer_bytes, 32768u);
  EXPECT_EQ(spec->only_chain->http->chain_limits.whole_body_bytes, 32768u);
}

TEST_F(ListenerConfig, ReadsEveryFieldOfTheConnectionManager) {
  const auto http = Http(R"(
http_protocol_options: {accept_http_10: true, default_host_for_http_10: h, allow_absolute_url: false,
  enable_trailers: true, header_key_format: {proper_case_words: {}}},
http2_protocol_options: {max_concurrent_streams: 256, allow_connect: true}, codec_type: HTTP2,
common_http_protocol_options: {idle_timeout: 600s, max_headers_count: 50, max_connection_duration: 9s,
  max_stream_duration: 8s, headers_with_underscores_action: REJECT_REQUEST, max_requests_per_connection: 3},
max_request_headers_kb: 16, stream_idle_timeout: 0s, request_timeout: 5s, request_headers_timeout: 4s,
delayed_close_timeout: 0s, drain_timeout: 6s, server_name: s, server_header_transformation: PASS_THROUGH,
use_remote_address: true, xff_num_trusted_hops: 2, skip_xff_append: true, append_x_forwarded_port: true,
internal_address_config: {unix_sockets: true, cidr_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]},
generate_request_id: false, preserve_external_request_id: true, always_set_request_id_in_response: true,
via: proxy, normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT,
strip_matching_host_port: true, strip_trailing_host_dot: true, proxy_100_continue: true,
upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: CONNECT, enabled: false}], forward_client_cert_details: SANITIZE,
request_id_extension: {typed_config: {"@type": a/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig}})");
  EXPECT_TRUE(http->http1.allow_http10);
  EXPECT_EQ(http->http1.default_host_http10, "h");
  EXPECT_FALSE(http->http1.allow_absolute_target);
  EXPECT_TRUE(http->http1.enable_trailers);
  EXPECT_TRUE(http->http1.use_proper_case);
  EXPECT_EQ(http->http1.max_head_bytes, 16u * 1024);
  EXPECT_EQ(http->http1.max_headers, 50u);
  EXPECT_EQ(http->codec_type, downstream::CodecType::kHttp2);
  EXPECT_EQ(http->http2.max_concurrent_streams, 256u);
  EXPECT_TRUE(http->http2.allow_connect);
  EXPECT_EQ(http->http2.max_head_bytes, 16u * 1024);
  EXPECT_EQ(http->http2.max_headers, 50u);
  EXPECT_EQ(http->upgrades.Find("WebSocket"), true);
  EXPECT_EQ(http->upgrades.Find("connect"), false);
  EXPECT_EQ(http->upgrades.Find("other"), std::nullopt);
  EXPECT_EQ(http->timeouts.drain, milliseconds(6000));
  EXPECT_EQ(http->timeouts.connection_idle, milliseconds(600'000));
  EXPECT_EQ(http->timeouts.max_connection_duration, milliseconds(9000));
  EXPECT_EQ(http->timeouts.max_stream_duration, milliseconds(8000));
  EXPECT_EQ(http->timeouts.stream_idle, std::nullopt);
  EXPECT_EQ(http->timeouts.request, milliseconds(5000));
  EXPECT_EQ(http->timeouts.request_headers, milliseconds(4000));
  EXPECT_EQ(http->timeouts.delayed_close, milliseconds(0));
  EXPECT_EQ(http->underscores, downstream::Underscores::kReject);
  EXPECT_EQ(http->max_requests_per_connection, 3u);
  EXPECT_EQ(http->forwarding.server_name, "s");
  EXPECT_EQ(http->forwarding.server_header, downstream::ServerHeader::kPassThrough);
  EXPECT_TRUE(http->forwarding.use_remote_address);
  EXPECT_EQ(http->forwarding.trusted_hops, 2u);
  EXPECT_TRUE(http->forwarding.skip_xff_append);
  EXPECT_TRUE(http->forwarding.append_x_forwarded_port);
  EXPECT_TRUE(http->forwarding.internal_unix_sockets);
  ASSERT_EQ(http->forwarding.internal_addresses.size(), 1u);
  EXPECT_FALSE(http->forwarding.generate_request_id);
  EXPECT_TRUE(http->forwarding.preserve_external_request_id);
  EXPECT_TRUE(http->forwarding.request_id_in_response);
  EXPECT_EQ(http->forwarding.via, "proxy");
  EXPECT_TRUE(http->path.normalize);
  EXPECT_TRUE(http->path.merge_slashes);
  EXPECT_EQ(http->path.escaped_slashes, downstream::EscapedSlashes::kUnescapeAndRedirect);
  EXPECT_EQ(http->path.strip_port, 8080);
  EXPECT_TRUE(http->path.strip_trailing_dot);
  EXPECT_TRUE(http->proxy_100_continue);
}

TEST_F(ListenerConfig, TakesRoutesByName) {
  const SpecPtr spec = Compile(WithManager(StrCat(
      "stat_prefix: in, http_filters: [", kRouter,
      "], rds: {route_config_name: local, config_source: {ads: {}, initial_fetch_timeout: 0s}}")));
  EXPECT_EQ(spec->only_chain->routes.inline_table, nullptr);
  EXPECT_EQ(spec->only_chain->routes.rds_name, "local");
  EXPECT_EQ(spec->only_chain->routes.initial_fetch_timeout, milliseconds(0));
}

TEST_F(ListenerConfig, ChecksTheClustersOfInlineRoutes) {
  const ClusterExists nothing = [](std::string_view) { return false; };
  exists_ = &nothing;
  EXPECT_THAT(Errors(Complete()), HasSubstr("routes[0].route.cluster: unknown cluster \"a\""));
  std::string unchecked = Complete();
  unchecked.replace(unchecked.find("{virtual_hosts"), 1, "{validate_clusters: false, ");
  EXPECT_EQ(Errors(unchecked), "");
}

TEST_F(ListenerConfig, BuildsTheChainOfFilters) {
  const SpecPtr spec = Compile(WithManager(StrCat("stat_prefix: in, ", kRoutes, R"(, http_filters: [
{name: one, typed_config: {"@type": a/envoy.type.v3.Percent, value: 1}},
{name: gone, is_optional: true, typed_config: {"@type": a/envoy.type.v3.Int64Range}},
{name: two, disabled: true, typed_config: {"@type": a/xds.type.v3.TypedStruct, type_url: b/envoy.type.v3.Percent, value: {value: 2}}}, )",
                                                  kRouter, "]")));
  ASSERT_EQ(spec->only_chain->http->filters.size(), 2u);
  EXPECT_EQ(spec->only_chain->http->filters[0].name, "one");
  EXPECT_FALSE(spec->only_chain->http->filters[0].starts_disabled);
  EXPECT_EQ(spec->only_chain->http->filters[1].name, "two");
  EXPECT_TRUE(spec->only_chain->http->filters[1].starts_disabled);
  ASSERT_EQ(shop_.warnings.size(), 1u);
  EXPECT_THAT(shop_.warnings[0], HasSubstr("http_filters[1]: left out \"gone\", type "
                                           "\"envoy.type.v3.Int64Range\" is not known"));
}

TEST_F(ListenerConfig, FingerprintsTheWholeAndTheSockets) {
  const SpecPtr one = Compile(Complete("via: a"));
  const SpecPtr same = Compile(Complete("via: a"));
  const SpecPtr other = Compile(Complete("via: b"));
  const SpecPtr moved = Compile(Complete("via: a", "name: web, tcp_backlog_size: 9"));
  EXPECT_EQ(one->fingerprint, same->fingerprint);
  EXPECT_NE(one->fingerprint, other->fingerprint);
  EXPECT_EQ(one->socket_fingerprint, other->socket_fingerprint);
  EXPECT_NE(one->socket_fingerprint, moved->socket_fingerprint);
}

// --- access logs -------------------------------------------------------------------------------

constexpr std::string_view kStdout =
    R"(typed_config: {"@type": a/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog})";

class AccessLogFilters : public ListenerConfig {
 protected:
  // Logs one stream through a log with this filter; whether it was written.
  bool Passes(std::string_view filter) {
    const auto http = Http(StrCat("access_log: [{", kStdout, ", filter: {", filter, "}}]"));
    shop_.logged.clear();
    for (const auto& logger : http->access_loggers) logger->Log(summary_);
    return !shop_.logged.empty();
  }

  AccessLogFilters() {
    request_.headers.Add("x-test", "yes");
    response_.status = 503;
    summary_.request = &request_;
    summary_.response = &response_;
    summary_.start = base::MonoTime(std::chrono::seconds(1));
    summary_.end = summary_.start + milliseconds(250);
    summary_.Set(http::ResponseFlag::kNoHealthyUpstream);
  }

  base::Arena arena_;
  http::RequestHead request_{arena_};
  http::ResponseHead response_{arena_};
  http::StreamSummary summary_;
};

TEST_F(AccessLogFilters, CompareStatusAndDuration) {
  EXPECT_TRUE(Passes("status_code_filter: {comparison: {op: GE, value: {default_value: 500}}}"));
  EXPECT_FALSE(Passes("status_code_filter: {comparison: {op: LE, value: {default_value: 499}}}"));
  EXPECT_TRUE(Passes("status_code_filter: {comparison: {op: NE, value: {default_value: 200}}}"));
  EXPECT_TRUE(Passes("duration_filter: {comparison: {op: EQ, value: {default_value: 250}}}"));
  EXPECT_FALSE(Passes("duration_filter: {comparison: {op: GE, value: {default_value: 251}}}"));
}

TEST_F(AccessLogFilters, LookAtFlagsHeadersAndGrpcStatus) {
  EXPECT_TRUE(Passes("response_flag_filter: {flags: [UF, UH]}"));
  EXPECT_FALSE(Passes("response_flag_filter: {flags: [UF]}"));
  EXPECT_TRUE(Passes("response_flag_filter: {}"));
  EXPECT_TRUE(Passes("header_filter: {header: {name: X-Test, string_match: {exact: \"yes\"}}}"));
  EXPECT_FALSE(Passes("header_filter: {header: {name: x-other}}"));
  EXPECT_TRUE(Passes("grpc_status_filter: {statuses: [UNAVAILABLE]}"));
  EXPECT_FALSE(Passes("grpc_status_filter: {statuses: [UNAVAILABLE], exclude: true}"));
  EXPECT_TRUE(Passes("not_health_check_filter: {}"));
  summary_.is_health_check = true;
  EXPECT_FALSE(Passes("not_health_check_filter: {}"));
}

TEST_F(AccessLogFilters, JoinOthers) {
  const std::string_view yes = "{response_flag_filter: {}}";
  const std::string_view no = "{response_flag_filter: {flags: [NR]}}";
  EXPECT_FALSE(Passes(StrCat("and_filter: {filters: [", yes, ", ", no, "]}")));
  EXPECT_TRUE(Passes(StrCat("and_filter: {filters: [", yes, ", ", yes, "]}")));
  EXPECT_TRUE(Passes(StrCat("or_filter: {filters: [", yes, ", ", no, "]}")));
  EXPECT_FALSE(Passes(StrCat("or_filter: {filters: [", no, ", ", no, "]}")));
}

TEST_F(AccessLogFilters, TakeAShare) {
  EXPECT_FALSE(Passes("runtime_filter: {runtime_key: x}"));
  EXPECT_TRUE(Passes("runtime_filter: {runtime_key: x, percent_sampled: {numerator: 100}}"));
  EXPECT_TRUE(
      Passes("runtime_filter: {runtime_key: x, percent_sampled: {numerator: 100}, "
             "use_independent_randomness: true}"));
}

TEST_F(AccessLogFilters, AreRefusedByPath) {
  const std::string at = "filter_chains[0].filters[0].typed_config.access_log[0].";
  const auto error = [&](std::string_view filter) {
    return Errors(Complete(StrCat("access_log: [{", kStdout, ", filter: {", filter, "}}]")));
  };
  EXPECT_THAT(error("response_flag_filter: {flags: [XX]}"),
              HasSubstr(StrCat(
                  at, "filter.response_flag_filter.flags[0]: unknown flag \"XX\"; known: LH, UH")));
  EXPECT_EQ(error("and_filter: {filters: [{not_health_check_filter: {}}]}"),
            StrCat(at, "filter.and_filter.filters: must hold at least two, got 1"));
  EXPECT_EQ(error("traceable_filter: {}"), StrCat(at, "filter.traceable_filter: not implemented"));
}

// --- local replies -----------------------------------------------------------------------------

class LocalReplies : public AccessLogFilters {
 protected:
  // What a reply of `status` becomes: "status|content type|body|headers".
  std::string Rewritten(std::string_view config, int status, std::string_view body) {
    const auto http = Http(StrCat("local_reply_config: {", config, "}"));
    http::LocalReply reply{.status = status, .detail = "x", .body = std::string(body)};
    summary_.response = nullptr;
    const std::string type = http->local_reply(reply, summary_);
    std::string headers;
    for (const auto& [name, value] : reply.headers)
      absl::StrAppend(&headers, name, "=", value, ";");
    return StrCat(reply.status, "|", type, "|", reply.body, "|", headers);
  }
};

TEST_F(LocalReplies, AreMappedByTheFirstMapperThatMatches) {
  const std::string_view config = R"(mappers: [
{filter: {status_code_filter: {comparison: {value: {default_value: 503}}}}, status_code: 500, body: {inline_string: sorry},
 headers_to_add: [{header: {key: x-why, value: "%REQ(x-test)%"}}]},
{filter: {status_code_filter: {comparison: {op: GE, value: {default_value: 500}}}}, status_code: 502}])";
  EXPECT_EQ(Rewritten(config, 503, "no upstream"), "500|text/plain|sorry|x-why=yes;");
  EXPECT_EQ(Rewritten(config, 504, "slow"), "502|text/plain|slow|");
  EXPECT_EQ(Rewritten(config, 404, "none"), "404|text/plain|none|");
}

TEST_F(LocalReplies, AreFormattedAsTextOrJson) {
  EXPECT_EQ(Rewritten("body_format: {text_format: \"%RESPONSE_CODE% %LOCAL_REPLY_BODY%\", "
                      "content_type: text/html}",
                      404, "none"),
            "404|text/html|404 none|");
  EXPECT_THAT(
      Rewritten(
          "body_format: {json_format: {code: \"%RESPONSE_CODE%\", text: \"%LOCAL_REPLY_BODY%\"}}",
          404, "none"),
      testing::StartsWith(R"(404|application/json|{"code":404,"text":"none"})"));
}

// --- refusals ----------------------------------------------------------------------------------

struct Refusal {
  std::string yaml;
  std::string error;  // part of it
};

class RefusedListener : public ListenerConfig, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedListener, SaysWhereAndWhy) {
  EXPECT_THAT(Errors(GetParam().yaml), HasSubstr(GetParam().error));
}

const std::string kManagerAt = "filter_chains[0].filters[0].typed_config";

std::string WithFilters(std::string_view filters) {
  return WithManager(StrCat("stat_prefix: in, ", kRoutes, ", http_filters: [", filters, "]"));
}

INSTANTIATE_TEST_SUITE_P(
    OfTheListener, RefusedListener,
    testing::Values(
        Refusal{"{name: a}",
                "address: must hold one of socket_address, pipe\nfilter_chains: must hold one"},
        Refusal{
            "{address: {socket_address: {address: web.example, port_value: 1}}}",
            "address.socket_address.address: must be an IPv4 or IPv6 address, got \"web.example\""},
        Refusal{"{address: {pipe: {path: /a}}, filter_chains: [{}]}",
                "filter_chains[0].filters: must hold exactly one filter, which ends the chain, "
                "got 0"},
        Refusal{"{address: {pipe: {path: /a}}, default_filter_chain: {filters: [{name: x, "
                "typed_config: "
                "{\"@type\": a/envoy.type.v3.Percent}}]}}",
                "default_filter_chain.filters[0].typed_config: unknown type of network filter "
                "\"envoy.type.v3.Percent\""},
        Refusal{WithMatch("destination_port: 65536"),
                "filter_chain_match.destination_port: must be from 1 to 65535, got 65536"},
        Refusal{WithMatch("server_names: [\"*\"]"),
                "filter_chain_match.server_names[0]: must be a name or \"*.\" before one, got "
                "\"*\""},
        Refusal{WithMatch("server_names: [a, \"*.*.b\"]"),
                "filter_chain_match.server_names[1]: must be a name"},
        Refusal{WithMatch("prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 33}]"),
                "filter_chain_match.prefix_ranges[0]: prefix_len: must be 0-32"},
        Refusal{WithMatch("address_suffix: x"),
                "filter_chain_match.address_suffix: not implemented"},
        Refusal{WithMatch("source_ports: [0]"),
                "filter_chain_match.source_ports[0]: must be from 1 to 65535, got 0"},
        Refusal{Complete("via: a", "filter_chain_matcher: {}"),
                "filter_chain_matcher: not implemented"},
        Refusal{Complete("via: a", "listener_filters: [{name: tls}]"),
                "listener_filters[0].typed_config: must be given"},
        Refusal{Complete("via: a", "listener_filters: [{filter_disabled: {}}]"),
                "listener_filters[0].filter_disabled: must hold one of or_match"},
        Refusal{Complete("via: a",
                         "listener_filters: [{filter_disabled: {or_match: {rules: [{any_match: "
                         "true}]}}}]"),
                "filter_disabled.or_match.rules: must hold at least 2, got 1"},
        Refusal{Complete("via: a",
                         "listener_filters: [{filter_disabled: {destination_port_range: {start: "
                         "5, end: 5}}}]"),
                "destination_port_range: must have start below end, got 5 and 5"},
        Refusal{Complete("via: a", "per_connection_buffer_limit_bytes: 0"),
                "per_connection_buffer_limit_bytes: must be at least 1, got 0"}));

INSTANTIATE_TEST_SUITE_P(
    OfTheConnectionManager, RefusedListener,
    testing::Values(
        Refusal{WithManager("codec_type: HTTP3"),
                StrCat(kManagerAt,
                       ".codec_type: HTTP3 is not implemented; give one of AUTO, HTTP1, HTTP2")},
        Refusal{Complete("http2_protocol_options: {max_concurrent_streams: 0}"),
                StrCat(kManagerAt,
                       ".http2_protocol_options.max_concurrent_streams: must be from 1 "
                       "to 2147483647, got 0")},
        Refusal{WithManager("codec_type: AUTO"),
                StrCat(kManagerAt, ".stat_prefix: must be given\n", kManagerAt,
                       ".http_filters: the last filter must end the chain; give "
                       "envoy.extensions.filters.http.router.v3.Router\n",
                       kManagerAt, ": must hold one of rds, route_config")},
        Refusal{Complete("max_request_headers_kb: 8193"), "must be from 1 to 8192, got 8193"},
        Refusal{Complete("upgrade_configs: [{}]"),
                StrCat(kManagerAt, ".upgrade_configs[0].upgrade_type: must be given")},
        Refusal{Complete("upgrade_configs: [{upgrade_type: a}, {upgrade_type: A}]"),
                ".upgrade_configs[1].upgrade_type: must be unique, got \"A\" again"},
        Refusal{Complete("upgrade_configs: [{upgrade_type: 'a, b'}]"),
                ".upgrade_configs[0].upgrade_type: must be one protocol name, got \"a, b\""},
        Refusal{
            Complete("upgrade_configs: [{upgrade_type: h2c}]"),
            ".upgrade_configs[0].upgrade_type: h2c is HTTP, whose requests must not pass unseen"},
        Refusal{Complete("upgrade_configs: [{upgrade_type: a, filters: [{name: x}]}]"),
                ".upgrade_configs[0].filters: not implemented"},
        Refusal{Complete("stream_error_on_invalid_http_message: true"),
                ".stream_error_on_invalid_http_message: not implemented"},
        Refusal{Complete("tracing: {}"), StrCat(kManagerAt, ".tracing: not implemented")},
        Refusal{Complete("strip_matching_host_port: true, strip_any_host_port: true"),
                "strip_matching_host_port: must not stand beside strip_any_host_port"},
        Refusal{Complete("internal_address_config: {cidr_ranges: [{address_prefix: x}]}"),
                StrCat(kManagerAt, ".internal_address_config.cidr_ranges[0]: ")},
        Refusal{Complete("local_reply_config: {body_format: {text_format: \"%NONSENSE%\"}}"),
                StrCat(kManagerAt, ".local_reply_config.body_format.text_format: ")},
        Refusal{Complete("local_reply_config: {mappers: [{status_code: 200}]}"),
                StrCat(kManagerAt, ".local_reply_config.mappers[0].filter: must hold one of ")},
        Refusal{WithManager(StrCat("stat_prefix: in, http_filters: [", kRouter,
                                   "], rds: {config_source: {}}")),
                StrCat(kManagerAt, ".rds.route_config_name: must be given\n", kManagerAt,
                       ".rds.config_source: only ads is implemented; give ads: {}")},
        Refusal{
            WithFilters(StrCat(kRouter,
                               R"(, {name: x, typed_config: {"@type": a/envoy.type.v3.Percent}})")),
            StrCat(kManagerAt, ".http_filters[0]: \"router\" ends the chain and must be last")},
        Refusal{
            WithFilters(StrCat(
                R"({name: router, typed_config: {"@type": a/envoy.type.v3.Percent}}, )", kRouter)),
            StrCat(kManagerAt,
                   ".http_filters[1].name: \"router\" is the name of an earlier filter")},
        Refusal{WithFilters(StrCat(
                    R"({name: x, typed_config: {"@type": a/envoy.type.v3.Percent, value: 13}}, )",
                    kRouter)),
                StrCat(kManagerAt, ".http_filters[0].typed_config: value: 13 is unlucky")},
        Refusal{
            WithFilters(StrCat(
                R"({name: x, typed_config: {"@type": a/envoy.type.v3.Int64Range}}, )", kRouter)),
            StrCat(kManagerAt,
                   ".http_filters[0].typed_config: unknown type of HTTP filter "
                   "\"envoy.type.v3.Int64Range\"; known: "
                   "envoy.extensions.filters.http.router.v3.Router, envoy.type.v3.Percent")}));

}  // namespace
}  // namespace outrigger::config
