#pragma once

#include <string>
#include <string_view>

#include "source/http/stream_error.h"
#include "source/http/stream_summary.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::router {

// Why an attempt failed, as clients and logs see it. Envoy's words: people match on them.
struct Failure {
  enum class Kind : uint8_t {
    kConnectionTermination,
    kConnectionFailure,
    kConnectionTimeout,
    kOverflow,
    kProtocolError,
    kRemoteReset,
    kRefusedStream,
    kLocalReset,
    kNoEndpoint,
    kTimeout,
    kPerTryTimeout,
    kPerTryIdleTimeout,
  };
  Kind kind;
  // %UPSTREAM_TRANSPORT_FAILURE_REASON%: what exactly went wrong, in our tokens; may be empty.
  std::string_view reason;
  // The same in words, of a connection that did not come about; then it is what is shown, to
  // clients too. Empty: nobody knows. Borrowed for the call.
  std::string_view transport_failure = {};
};

Failure ToFailure(const http::StreamError& error);
Failure ToFailure(const upstream::StartFailure& failure);

http::ResponseFlag FlagOf(Failure::Kind kind);
// The answer when the response has not begun.
int StatusOf(Failure::Kind kind);
std::string BodyOf(const Failure& failure, bool was_retried);
// %RESPONSE_CODE_DETAILS%.
std::string_view DetailOf(Failure::Kind kind, bool has_response_started);

}  // namespace outrigger::router
