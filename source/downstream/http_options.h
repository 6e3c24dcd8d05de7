#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/clock.h"
#include "source/downstream/http_counters.h"
#include "source/http/access_logger.h"
#include "source/http/filter_chain.h"
#include "source/http/http1/options.h"
#include "source/http/http2/counters.h"
#include "source/http/http2/options.h"
#include "source/http/upgrade_rules.h"
#include "source/net/address.h"

namespace outrigger::downstream {

enum class EscapedSlashes : uint8_t { kKeep, kReject, kUnescapeAndRedirect, kUnescapeAndForward };
enum class Underscores : uint8_t { kAllow, kReject, kDrop };
enum class ServerHeader : uint8_t { kOverwrite, kAppendIfAbsent, kPassThrough };

// How targets and hosts are put into one shape before a route is looked for.
struct PathOptions {
  bool normalize = true;  // RFC 3986 6.2.2: dot segments, unreserved escapes
  bool merge_slashes = false;
  EscapedSlashes escaped_slashes = EscapedSlashes::kKeep;
  bool strip_any_port = false;
  std::optional<uint16_t> strip_port;  // strip_matching_host_port: the listener's
  bool strip_trailing_dot = false;
};

// Whom the client's own words about itself are believed from, and what we add to them.
struct ForwardingOptions {
  bool use_remote_address = false;
  uint32_t trusted_hops = 0;
  bool skip_xff_append = false;
  bool append_x_forwarded_port = false;
  std::vector<net::Cidr> internal_addresses;  // empty: nobody is internal
  bool internal_unix_sockets = false;
  bool generate_request_id = true;
  bool preserve_external_request_id = false;
  bool request_id_in_response = false;
  std::string via;
  std::string server_name = "outrigger";
  ServerHeader server_header = ServerHeader::kOverwrite;
};

// x-forwarded-client-cert, by which proxies tell of the certificate that their client showed.
struct ClientCertificateOptions {
  enum class Forward : uint8_t {
    kSanitize,           // remove it
    kForwardOnly,        // pass it on from clients that showed a certificate, else remove it
    kAppendForward,      // and add our element to it
    kSanitizeSet,        // only our element
    kAlwaysForwardOnly,  // pass it on whoever wrote it
  } forward = Forward::kSanitize;
  // What our element tells beside our own URI and the certificate's hash.
  bool certificate = false;
  bool chain = false;
  bool subject = false;
  bool uris = false;
  bool dns_names = false;
};

// What clients speak. kAuto: what ALPN agreed on, else HTTP/2 to those that begin with its preface,
// HTTP/1 to others.
enum class CodecType : uint8_t { kAuto, kHttp1, kHttp2 };

// nullopt: no such limit.
struct TimeoutOptions {
  std::optional<base::Milliseconds> connection_idle = base::Milliseconds(3'600'000);
  std::optional<base::Milliseconds> max_connection_duration;
  std::optional<base::Milliseconds> request_headers;
  std::optional<base::Milliseconds> request;
  std::optional<base::Milliseconds> stream_idle = base::Milliseconds(300'000);
  std::optional<base::Milliseconds> max_stream_duration;
  base::Milliseconds delayed_close{1000};
  base::Milliseconds drain{5000};  // HTTP/2: from GOAWAY to the end of a connection without streams
};

// Rewrites a local reply before it is sent: status mapping, headers, body format. Returns the
// content type of the body.
using LocalReplyRewrite =
    absl::AnyInvocable<std::string(http::LocalReply&, const http::StreamSummary&) const>;

// One HTTP connection manager, compiled. Immutable; shared by all workers; a connection keeps the
// one it was accepted with.
struct HttpOptions {
  CodecType codec_type = CodecType::kAuto;
  http::http1::Options http1;
  http::http2::Options http2;
  PathOptions path;
  Underscores underscores = Underscores::kAllow;
  ForwardingOptions forwarding;
  ClientCertificateOptions client_certificate;
  TimeoutOptions timeouts;
  size_t connection_buffer_bytes = 1024 * 1024;  // per_connection_buffer_limit_bytes
  std::optional<uint32_t> max_requests_per_connection;
  bool proxy_100_continue = false;
  http::UpgradeRules upgrades;  // routes may say otherwise
  std::vector<http::ChainEntry> filters;
  http::TerminalFactory terminal;
  http::ChainLimits chain_limits;
  LocalReplyRewrite local_reply;  // empty: plain text
  std::vector<std::shared_ptr<const http::AccessLogger>> access_loggers;
  HttpCounters counters;
  http::http2::Counters http2_counters;
};

}  // namespace outrigger::downstream
