#include "source/http/access_values.h"

#include <unistd.h>

#include <charconv>

#include "source/base/text.h"
#include "source/http/grpc/status.h"
#include "source/http/response_flags.h"

namespace outrigger::http {
namespace {

using Arguments = OperatorArguments;

ValueKind Text(std::string_view text, std::string& out) {
  if (text.empty()) return ValueKind::kMissing;
  out += text;
  return ValueKind::kText;
}

ValueKind Number(uint64_t number, std::string& out) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  out.append(digits, end);
  return ValueKind::kNumber;
}

// --- headers -----------------------------------------------------------------------------------

template <typename Lookup>
ValueKind HeaderValue(const Lookup& lookup, const Arguments& arguments, std::string& out) {
  std::optional<std::string_view> value = lookup(arguments.name);
  const bool is_missing = !value || value->empty();
  if (is_missing && !arguments.alternative.empty()) value = lookup(arguments.alternative);
  return Text(value.value_or(std::string_view()), out);
}

ValueKind RequestHeader(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  if (s.request == nullptr) return ValueKind::kMissing;
  return HeaderValue([&](std::string_view name) { return s.request->Lookup(name); }, arguments,
                     out);
}

ValueKind RequestHeaderWithoutQuery(const StreamSummary& s, const Arguments& arguments,
                                    std::string& out) {
  const size_t begin = out.size();
  const ValueKind kind = RequestHeader(s, arguments, out);
  const size_t query = out.find('?', begin);
  if (query != std::string::npos) out.resize(query);
  return kind;
}

ValueKind ResponseHeader(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  if (s.response == nullptr) return ValueKind::kMissing;
  return HeaderValue([&](std::string_view name) { return s.response->Lookup(name); }, arguments,
                     out);
}

ValueKind ResponseTrailer(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  if (s.response_trailers == nullptr) return ValueKind::kMissing;
  return HeaderValue([&](std::string_view name) { return s.response_trailers->Get(name); },
                     arguments, out);
}

// --- moments -----------------------------------------------------------------------------------

ValueKind StartTime(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  arguments.time.Append(s.start_wall, out);
  return ValueKind::kText;
}

ValueKind EmitTime(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  arguments.time.Append(s.start_wall + absl::FromChrono(s.end - s.start), out);
  return ValueKind::kText;
}

ValueKind Duration(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  const auto duration = Between(s, arguments.from, arguments.to);
  if (!duration) return ValueKind::kMissing;
  return Number(static_cast<uint64_t>(duration->count() / arguments.unit_ns), out);
}

template <Moment kFrom, Moment kTo>
ValueKind FixedDuration(const StreamSummary& s, const Arguments&, std::string& out) {
  const auto duration = Between(s, kFrom, kTo);
  if (!duration) return ValueKind::kMissing;
  return Number(static_cast<uint64_t>(duration->count() / 1'000'000), out);
}

// --- addresses ---------------------------------------------------------------------------------

using AddressOf = const net::Address*(const StreamSummary&);
const net::Address* DownstreamLocal(const StreamSummary& s) { return s.downstream_local; }
const net::Address* DownstreamRemote(const StreamSummary& s) { return s.downstream_remote; }
const net::Address* DownstreamDirect(const StreamSummary& s) { return s.downstream_direct_remote; }
const net::Address* Upstream(const StreamSummary& s) { return s.upstream ? &*s.upstream : nullptr; }
const net::Address* UpstreamLocal(const StreamSummary& s) {
  return s.upstream_local ? &*s.upstream_local : nullptr;
}

template <AddressOf* kOf>
ValueKind WholeAddress(const StreamSummary& s, const Arguments&, std::string& out) {
  const net::Address* address = kOf(s);
  return address == nullptr ? ValueKind::kMissing : Text(address->ToString(), out);
}

template <AddressOf* kOf>
ValueKind AddressWithoutPort(const StreamSummary& s, const Arguments&, std::string& out) {
  const net::Address* address = kOf(s);
  if (address == nullptr) return ValueKind::kMissing;
  return Text(address->is_ip() ? address->ip() : address->ToString(), out);
}

template <AddressOf* kOf>
ValueKind PortOnly(const StreamSummary& s, const Arguments&, std::string& out) {
  const net::Address* address = kOf(s);
  if (address == nullptr || !address->is_ip()) return ValueKind::kMissing;
  return Number(address->port(), out);
}

// --- members of the summary --------------------------------------------------------------------

template <std::string_view StreamSummary::*kMember>
ValueKind TextMember(const StreamSummary& s, const Arguments&, std::string& out) {
  return Text(s.*kMember, out);
}

template <auto kMember>
ValueKind NumberMember(const StreamSummary& s, const Arguments&, std::string& out) {
  return Number(s.*kMember, out);
}

ValueKind ProtocolName(const StreamSummary& s, const Arguments&, std::string& out) {
  if (s.request == nullptr) return ValueKind::kMissing;
  return Text(ToString(s.request->protocol), out);
}

// 0 when no response was sent, as in Envoy.
ValueKind ResponseCode(const StreamSummary& s, const Arguments&, std::string& out) {
  return Number(s.response == nullptr ? 0 : static_cast<uint64_t>(s.response->status), out);
}

ValueKind ShortFlags(const StreamSummary& s, const Arguments&, std::string& out) {
  if (s.response_flags == 0) return ValueKind::kMissing;
  AppendShortFlags(s, out);
  return ValueKind::kText;
}

ValueKind LongFlags(const StreamSummary& s, const Arguments&, std::string& out) {
  if (s.response_flags == 0) return ValueKind::kMissing;
  AppendLongFlags(s, out);
  return ValueKind::kText;
}

ValueKind TrailerBytes(const StreamSummary& s, const Arguments&, std::string& out) {
  return Number(s.response_trailers == nullptr ? 0 : s.response_trailers->byte_size(), out);
}

ValueKind RequestId(const StreamSummary& s, const Arguments&, std::string& out) {
  if (s.request == nullptr) return ValueKind::kMissing;
  return Text(s.request->headers.Get(HeaderId::kXRequestId).value_or(std::string_view()), out);
}

// --- gRPC --------------------------------------------------------------------------------------

struct GrpcName {
  std::string_view camel;
  std::string_view snake;
};
constexpr GrpcName kGrpcNames[] = {
    {"OK", "OK"},
    {"Canceled", "CANCELLED"},
    {"Unknown", "UNKNOWN"},
    {"InvalidArgument", "INVALID_ARGUMENT"},
    {"DeadlineExceeded", "DEADLINE_EXCEEDED"},
    {"NotFound", "NOT_FOUND"},
    {"AlreadyExists", "ALREADY_EXISTS"},
    {"PermissionDenied", "PERMISSION_DENIED"},
    {"ResourceExhausted", "RESOURCE_EXHAUSTED"},
    {"FailedPrecondition", "FAILED_PRECONDITION"},
    {"Aborted", "ABORTED"},
    {"OutOfRange", "OUT_OF_RANGE"},
    {"Unimplemented", "UNIMPLEMENTED"},
    {"Internal", "INTERNAL"},
    {"Unavailable", "UNAVAILABLE"},
    {"DataLoss", "DATA_LOSS"},
    {"Unauthenticated", "UNAUTHENTICATED"},
};

ValueKind GrpcStatus(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  const std::optional<uint32_t> status = grpc::StatusNumber(s);
  if (!status) return ValueKind::kMissing;
  const bool is_known = *status < sizeof(kGrpcNames) / sizeof(kGrpcNames[0]);
  if (arguments.name == "NUMBER" || !is_known) return Number(*status, out);
  const GrpcName& name = kGrpcNames[*status];
  return Text(arguments.name == "SNAKE_STRING" ? name.snake : name.camel, out);
}

ValueKind GrpcStatusNumber(const StreamSummary& s, const Arguments&, std::string& out) {
  const std::optional<uint32_t> status = grpc::StatusNumber(s);
  return status ? Number(*status, out) : ValueKind::kMissing;
}

// --- constants ---------------------------------------------------------------------------------

// Known when the format is compiled.
ValueKind Constant(const StreamSummary&, const Arguments& arguments, std::string& out) {
  return Text(arguments.name, out);
}

ValueKind LogType(const StreamSummary&, const Arguments&, std::string& out) {
  return Text("DownstreamEnd", out);
}

ValueKind Hostname(const StreamSummary&, const Arguments&, std::string& out) {
  // Asked once: the name of a host does not change under its processes.
  static const std::string* const name = [] {
    char text[256] = {};
    return new std::string(gethostname(text, sizeof(text) - 1) == 0 ? text : "");
  }();
  return Text(*name, out);
}

using S = StreamSummary;
using Rule = ArgumentRule;

constexpr OperatorSpec kSpecs[] = {
    {"ACCESS_LOG_TYPE", Rule::kNone, LogType},
    {"BYTES_RECEIVED", Rule::kNone, NumberMember<&S::request_body_bytes>},
    {"BYTES_SENT", Rule::kNone, NumberMember<&S::response_body_bytes>},
    {"COMMON_DURATION", Rule::kMoments, Duration},
    {"CONNECTION_ID", Rule::kNone, NumberMember<&S::connection_id>},
    {"CONNECTION_TERMINATION_DETAILS", Rule::kNone, TextMember<&S::connection_termination_detail>},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Rule::kNone, WholeAddress<DownstreamDirect>},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Rule::kNone,
     AddressWithoutPort<DownstreamDirect>},
    {"DOWNSTREAM_DIRECT_REMOTE_PORT", Rule::kNone, PortOnly<DownstreamDirect>},
    {"DOWNSTREAM_LOCAL_ADDRESS", Rule::kNone, WholeAddress<DownstreamLocal>},
    {"DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Rule::kNone, AddressWithoutPort<DownstreamLocal>},
    {"DOWNSTREAM_LOCAL_PORT", Rule::kNone, PortOnly<DownstreamLocal>},
    {"DOWNSTREAM_REMOTE_ADDRESS", Rule::kNone, WholeAddress<DownstreamRemote>},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Rule::kNone, AddressWithoutPort<DownstreamRemote>},
    {"DOWNSTREAM_REMOTE_PORT", Rule::kNone, PortOnly<DownstreamRemote>},
    {"DOWNSTREAM_TRANSPORT_FAILURE_REASON", Rule::kNone, TextMember<&S::downstream_failure_reason>},
    {"DURATION", Rule::kNone, FixedDuration<&S::start, &S::end>},
    {"EMIT_TIME", Rule::kTime, EmitTime},
    {"ENVIRONMENT", Rule::kVariable, Constant},
    {"GRPC_STATUS", Rule::kGrpcStatusForm, GrpcStatus},
    {"GRPC_STATUS_NUMBER", Rule::kNone, GrpcStatusNumber},
    {"HOSTNAME", Rule::kNone, Hostname},
    {"LOCAL_REPLY_BODY", Rule::kNone, TextMember<&S::local_reply_body>},
    {"PROTOCOL", Rule::kNone, ProtocolName},
    {"REQ", Rule::kHeader, RequestHeader},
    {"REQUEST_DURATION", Rule::kNone, FixedDuration<&S::start, &S::request_end>},
    {"REQUEST_HEADERS_BYTES", Rule::kNone, NumberMember<&S::request_header_bytes>},
    {"REQUEST_TX_DURATION", Rule::kNone, FixedDuration<&S::start, &S::upstream_last_sent>},
    {"REQ_WITHOUT_QUERY", Rule::kHeader, RequestHeaderWithoutQuery},
    {"RESP", Rule::kHeader, ResponseHeader},
    {"RESPONSE_CODE", Rule::kNone, ResponseCode},
    {"RESPONSE_CODE_DETAILS", Rule::kNone, TextMember<&S::detail>},
    {"RESPONSE_DURATION", Rule::kNone, FixedDuration<&S::start, &S::upstream_first_received>},
    {"RESPONSE_FLAGS", Rule::kNone, ShortFlags},
    {"RESPONSE_FLAGS_LONG", Rule::kNone, LongFlags},
    {"RESPONSE_HEADERS_BYTES", Rule::kNone, NumberMember<&S::response_header_bytes>},
    {"RESPONSE_TRAILERS_BYTES", Rule::kNone, TrailerBytes},
    {"RESPONSE_TX_DURATION", Rule::kNone, FixedDuration<&S::upstream_first_received, &S::end>},
    {"ROUTE_NAME", Rule::kNone, TextMember<&S::route_name>},
    {"START_TIME", Rule::kTime, StartTime},
    {"STREAM_ID", Rule::kNone, RequestId},
    {"TRAILER", Rule::kHeader, ResponseTrailer},
    {"UPSTREAM_CLUSTER", Rule::kNone, TextMember<&S::cluster_name>},
    {"UPSTREAM_CLUSTER_RAW", Rule::kNone, TextMember<&S::cluster_name>},
    {"UPSTREAM_HOST", Rule::kNone, WholeAddress<Upstream>},
    {"UPSTREAM_LOCAL_ADDRESS", Rule::kNone, WholeAddress<UpstreamLocal>},
    {"UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Rule::kNone, AddressWithoutPort<UpstreamLocal>},
    {"UPSTREAM_LOCAL_PORT", Rule::kNone, PortOnly<UpstreamLocal>},
    {"UPSTREAM_REMOTE_ADDRESS", Rule::kNone, WholeAddress<Upstream>},
    {"UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Rule::kNone, AddressWithoutPort<Upstream>},
    {"UPSTREAM_REMOTE_PORT", Rule::kNone, PortOnly<Upstream>},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", Rule::kNone, NumberMember<&S::attempts>},
    {"UPSTREAM_TRANSPORT_FAILURE_REASON", Rule::kNone, TextMember<&S::upstream_failure_reason>},
    {"VIRTUAL_HOST_NAME", Rule::kNone, TextMember<&S::virtual_host_name>},
};

}  // namespace

const std::vector<OperatorSpec>& OperatorSpecs() {
  static const auto* const all = [] {
    auto* specs = new std::vector<OperatorSpec>(std::begin(kSpecs), std::end(kSpecs));
    const absl::Span<const OperatorSpec> of_tls = TlsOperatorSpecs();
    specs->insert(specs->end(), of_tls.begin(), of_tls.end());
    return specs;
  }();
  return *all;
}

}  // namespace outrigger::http
