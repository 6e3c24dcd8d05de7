#pragma once

#include <cstdint>
#include <string_view>

#include "source/http/stream_error.h"

namespace outrigger::http::http1 {

// A reason to refuse a message. All there are are listed below: `status` is what a server answers
// (a response that broke a rule costs the client 502), `detail` names the rule in logs.
// Functions return a pointer to one, null when they have nothing to refuse.
struct Refusal {
  uint16_t status;
  ErrorKind kind;
  std::string_view detail;
};

#define OUTRIGGER_HTTP1_REFUSALS(X)                                                 \
  /* Lines and fields: RFC 9112 2.2, 3, 4, 5; RFC 9110 5. */                        \
  X(kBadMethod, 400, kProtocol, "http1_bad_method")                                 \
  X(kBadTarget, 400, kProtocol, "http1_bad_target")                                 \
  X(kBadVersion, 400, kProtocol, "http1_bad_version")                               \
  X(kHttp09, 400, kProtocol, "http1_http09_refused")                                \
  X(kHttp10, 426, kProtocol, "http1_http10_refused")                                \
  X(kOtherVersion, 505, kProtocol, "http1_version_not_supported")                   \
  X(kHttp2Preface, 505, kProtocol, "http1_http2_preface")                           \
  X(kBadStatusLine, 502, kProtocol, "http1_bad_status_line")                        \
  X(kBareCr, 400, kProtocol, "http1_bare_cr")                                       \
  X(kBareLf, 400, kProtocol, "http1_bare_lf")                                       \
  X(kBadName, 400, kProtocol, "http1_bad_header_name")                              \
  X(kSpaceBeforeColon, 400, kProtocol, "http1_space_before_colon")                  \
  X(kObsFold, 400, kProtocol, "http1_obs_fold")                                     \
  X(kBadValue, 400, kProtocol, "http1_bad_header_value")                            \
  X(kLineTooLong, 414, kLimit, "http1_request_line_too_long")                       \
  X(kHeadTooLong, 431, kLimit, "http1_headers_too_large")                           \
  X(kTooManyHeaders, 431, kLimit, "http1_too_many_headers")                         \
  X(kTrailersTooLong, 431, kLimit, "http1_trailers_too_large")                      \
  X(kTooManyTrailers, 431, kLimit, "http1_too_many_trailers")                       \
  /* Host and target: RFC 9112 3.2. */                                              \
  X(kNoHost, 400, kProtocol, "http1_no_host")                                       \
  X(kSeveralHosts, 400, kProtocol, "http1_several_hosts")                           \
  X(kBadHost, 400, kProtocol, "http1_bad_host")                                     \
  /* Body framing: RFC 9112 6 and 7. */                                             \
  X(kLengthAndCoding, 400, kProtocol, "http1_content_length_and_transfer_encoding") \
  X(kSeveralLengths, 400, kProtocol, "http1_several_content_lengths")               \
  X(kBadLength, 400, kProtocol, "http1_bad_content_length")                         \
  X(kBadCoding, 400, kProtocol, "http1_bad_transfer_encoding")                      \
  X(kOtherCoding, 501, kProtocol, "http1_transfer_encoding_not_supported")          \
  X(kCodingInHttp10, 400, kProtocol, "http1_transfer_encoding_in_http10")           \
  X(kCodingWithoutBody, 502, kProtocol, "http1_transfer_encoding_without_body")     \
  X(kBadChunkSize, 400, kProtocol, "http1_bad_chunk_size")                          \
  X(kBadChunkEnd, 400, kProtocol, "http1_bad_chunk_end")                            \
  X(kBadChunkExtension, 400, kProtocol, "http1_bad_chunk_extension")                \
  X(kChunkExtensionTooLong, 413, kLimit, "http1_chunk_extensions_too_large")        \
  /* Exchanges. */                                                                  \
  X(kConnectWithBody, 400, kProtocol, "http1_connect_with_body")                    \
  X(kSwitchRefused, 502, kProtocol, "http1_upgrade_not_requested")                  \
  X(kBadAccept, 502, kProtocol, "http1_bad_websocket_accept")                       \
  X(kTooManyInformational, 502, kLimit, "http1_too_many_informational")

#define OUTRIGGER_HTTP1_REFUSAL(name, status, kind, detail) \
  inline constexpr Refusal name{status, ErrorKind::kind, detail};
OUTRIGGER_HTTP1_REFUSALS(OUTRIGGER_HTTP1_REFUSAL)
#undef OUTRIGGER_HTTP1_REFUSAL

}  // namespace outrigger::http::http1
