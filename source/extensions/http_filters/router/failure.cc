#include "source/extensions/http_filters/router/failure.h"

#include "source/base/text.h"

namespace outrigger::router {
namespace {

using Kind = Failure::Kind;
using http::ResponseFlag;

struct Words {
  ResponseFlag flag;
  int status;
  std::string_view reset_reason;  // empty: not a reset, `body` is the whole body
  std::string_view detail_before, detail_after;
  std::string_view body = {};
};

const Words& WordsOf(Kind kind) {
  // In the order of Failure::Kind.
  static constexpr Words kWords[] = {
      {ResponseFlag::kUpstreamConnectionTermination, 503, "connection termination",
       "upstream_reset_before_response_started{connection_termination}",
       "upstream_reset_after_response_started{connection_termination}"},
      {ResponseFlag::kUpstreamConnectionFailure, 503, "remote connection failure",
       "upstream_reset_before_response_started{remote_connection_failure}",
       "upstream_reset_after_response_started{remote_connection_failure}"},
      {ResponseFlag::kUpstreamConnectionFailure, 503, "connection timeout",
       "upstream_reset_before_response_started{connection_timeout}",
       "upstream_reset_after_response_started{connection_timeout}"},
      {ResponseFlag::kUpstreamOverflow, 503, "overflow",
       "upstream_reset_before_response_started{overflow}",
       "upstream_reset_after_response_started{overflow}"},
      {ResponseFlag::kUpstreamProtocolError, 502, "protocol error",
       "upstream_reset_before_response_started{protocol_error}",
       "upstream_reset_after_response_started{protocol_error}"},
      {ResponseFlag::kUpstreamRemoteReset, 503, "remote reset",
       "upstream_reset_before_response_started{remote_reset}",
       "upstream_reset_after_response_started{remote_reset}"},
      {ResponseFlag::kUpstreamRemoteReset, 503, "remote refused stream reset",
       "upstream_reset_before_response_started{remote_refused_stream_reset}",
       "upstream_reset_after_response_started{remote_refused_stream_reset}"},
      {ResponseFlag::kLocalReset, 503, "local reset",
       "upstream_reset_before_response_started{local_reset}",
       "upstream_reset_after_response_started{local_reset}"},
      {ResponseFlag::kNoHealthyUpstream, 503, "", "no_healthy_upstream", "no_healthy_upstream",
       "no healthy upstream"},
      {ResponseFlag::kUpstreamRequestTimeout, 504, "", "upstream_response_timeout",
       "upstream_response_timeout", "upstream request timeout"},
      {ResponseFlag::kUpstreamRequestTimeout, 504, "", "upstream_per_try_timeout",
       "upstream_per_try_timeout", "upstream request timeout"},
      {ResponseFlag::kStreamIdleTimeout, 504, "", "upstream_per_try_idle_timeout",
       "upstream_per_try_idle_timeout", "upstream request timeout"},
  };
  return kWords[static_cast<size_t>(kind)];
}

}  // namespace

Failure ToFailure(const http::StreamError& error) {
  switch (error.kind) {
    case http::ErrorKind::kProtocol:
    case http::ErrorKind::kLimit:
      return {Kind::kProtocolError, error.detail};
    case http::ErrorKind::kConnectionFailed:
      return {Kind::kConnectionFailure, error.detail};
    case http::ErrorKind::kConnectionClosed:
      return {Kind::kConnectionTermination, {}};
    case http::ErrorKind::kRefused:
      return {Kind::kRefusedStream, {}};
    case http::ErrorKind::kReset:
      return {Kind::kRemoteReset, {}};
    case http::ErrorKind::kTimeout:
      return {Kind::kConnectionTimeout, {}};
    case http::ErrorKind::kOverflow:
      return {Kind::kOverflow, {}};
    case http::ErrorKind::kLocal:
      break;
  }
  return {Kind::kLocalReset, error.detail};
}

Failure ToFailure(const upstream::StartFailure& failure) {
  switch (failure.kind) {
    case upstream::StartFailureKind::kNoEndpoint:
      return {Kind::kNoEndpoint, {}};
    case upstream::StartFailureKind::kOverflow:
      return {Kind::kOverflow, {}};
    case upstream::StartFailureKind::kConnectFailed:
      return {Kind::kConnectionFailure, failure.detail, failure.transport_failure};
    case upstream::StartFailureKind::kConnectTimeout:
      break;
  }
  return {Kind::kConnectionTimeout, failure.detail, failure.transport_failure};
}

http::ResponseFlag FlagOf(Kind kind) { return WordsOf(kind).flag; }

int StatusOf(Kind kind) { return WordsOf(kind).status; }

std::string BodyOf(const Failure& failure, bool was_retried) {
  const Words& words = WordsOf(failure.kind);
  if (words.reset_reason.empty()) return std::string(words.body);
  return base::StrCat("upstream connect error or disconnect/reset before headers. ",
                      was_retried ? "retried and the latest " : "",
                      "reset reason: ", words.reset_reason,
                      failure.transport_failure.empty() ? "" : ", transport failure reason: ",
                      failure.transport_failure);
}

std::string_view DetailOf(Kind kind, bool has_response_started) {
  const Words& words = WordsOf(kind);
  return has_response_started ? words.detail_after : words.detail_before;
}

}  // namespace outrigger::router
