#include "source/downstream/forwarding_headers.h"
#include "source/base/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace outrigger::downstream {
namespace {

using http::HeaderId;

// RFC 9562 5.4: 122 random bits, version 4, variant 10.
std::string_view NewRequestId(base::Arena& arena, absl::InsecureBitGen& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  uint64_t bits[2] = {random(), random()};
  bits[0] = (bits[0] & ~uint64_t{0xF000}) | 0x4000;
  bits[1] = (bits[1] & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  char* const text = static_cast<char*>(arena.Allocate(36, 1));
  char* at = text;
  for (int half = 0; half < 2; ++half) {
    for (int nibble = 15; nibble >= 0; --nibble) {
      *at++ = kHex[(bits[half] >> (nibble * 4)) & 15];
      const int done = half * 16 + (15 - nibble) + 1;
      if (done == 8 || done == 12 || done == 16 || done == 20) *at++ = '-';
    }
  }
  return {text, 36};
}

// The address `hops` entries from the right of x-forwarded-for (0 is the last); nullopt when there
// are not so many or it is no address.
std::optional<net::Address> FromForwardedFor(http::HeaderMap& headers, uint32_t hops) {
  const auto value = headers.GetJoined("x-forwarded-for");
  if (!value) return std::nullopt;
  std::string_view rest = *value;
  for (;; --hops) {
    const size_t comma = rest.rfind(',');
    if (hops == 0) {
      const std::string_view entry =
          base::StripSpaces(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      auto address = net::Address::Ip(entry, 0);
      if (!address.ok()) address = net::Address::Parse(entry);
      return address.ok() ? std::optional(*address) : std::nullopt;
    }
    if (comma == std::string_view::npos) return std::nullopt;
    rest = rest.substr(0, comma);
  }
}

bool IsInternal(const net::Address& address, const ForwardingOptions& options) {
  if (address.is_unix()) return options.internal_unix_sockets;
  return std::any_of(options.internal_addresses.begin(), options.internal_addresses.end(),
                     [&](const net::Cidr& range) { return range.Contains(address); });
}

// What only a trusted caller may set.
constexpr HeaderId kControls[] = {
    HeaderId::kXEnvoyRetryOn,
    HeaderId::kXEnvoyRetryGrpcOn,
    HeaderId::kXEnvoyMaxRetries,
    HeaderId::kXEnvoyUpstreamRqTimeoutMs,
    HeaderId::kXEnvoyUpstreamRqPerTryTimeoutMs,
    HeaderId::kXEnvoyExpectedRqTimeoutMs,
    HeaderId::kXEnvoyRetriableStatusCodes,
    HeaderId::kXEnvoyUpstreamAltStatName,
    HeaderId::kXEnvoyDecoratorOperation,
    HeaderId::kXEnvoyInternal,
    HeaderId::kXEnvoyExternalAddress,
};

void AppendForwardedFor(http::HeaderMap& headers, const net::Address& peer) {
  const auto present = headers.GetJoined("x-forwarded-for");
  const std::string ip = peer.ip();
  headers.Set(HeaderId::kXForwardedFor,
              headers.arena().Copy(present ? base::StrCat(*present, ",", ip) : ip));
}

void AppendVia(http::HeaderMap& headers, const std::string& via) {
  if (via.empty()) return;
  const auto present = headers.GetJoined("via");
  std::string_view value = via;
  if (present) value = headers.arena().Copy(base::StrCat(*present, ", ", via));
  headers.Set(HeaderId::kVia, value);
}

void ApplyRequestId(http::HeaderMap& headers, const ForwardingOptions& options, bool is_edge,
                    absl::InsecureBitGen& random) {
  if (!options.generate_request_id) return;
  const bool keeps =
      headers.Has(HeaderId::kXRequestId) && (!is_edge || options.preserve_external_request_id);
  if (!keeps) headers.Set(HeaderId::kXRequestId, NewRequestId(headers.arena(), random));
}

}  // namespace

Forwarded ApplyForwardingHeaders(http::RequestHead& head, const ForwardingOptions& options,
                                 const net::Address& peer, const net::Address& local,
                                 std::string_view scheme, absl::InsecureBitGen& random) {
  http::HeaderMap& headers = head.headers;
  Forwarded forwarded{.remote = peer};
  if (options.use_remote_address) {
    if (options.trusted_hops > 0) {
      if (auto address = FromForwardedFor(headers, options.trusted_hops - 1)) {
        forwarded.remote = *address;
      }
    }
    if (!options.skip_xff_append && peer.is_ip()) AppendForwardedFor(headers, peer);
    // Trusted hops in front of us have set it for the client's side.
    if (options.trusted_hops == 0 || !headers.Has(HeaderId::kXForwardedProto)) {
      headers.Set(HeaderId::kXForwardedProto, scheme);
    }
  } else {
    if (headers.Has(HeaderId::kXForwardedFor)) {
      if (auto address = FromForwardedFor(headers, options.trusted_hops)) {
        forwarded.remote = *address;
      }
    }
    if (!headers.Has(HeaderId::kXForwardedProto)) headers.Set(HeaderId::kXForwardedProto, scheme);
  }
  if (options.append_x_forwarded_port && local.is_ip() && !headers.Has(HeaderId::kXForwardedPort)) {
    headers.Set(HeaderId::kXForwardedPort, headers.arena().Copy(base::StrCat(local.port())));
  }

  forwarded.is_internal = IsInternal(forwarded.remote, options);
  const bool is_edge = options.use_remote_address && !forwarded.is_internal;
  if (is_edge) {
    for (const HeaderId id : kControls) headers.Remove(id);
    if (forwarded.remote.is_ip()) {
      headers.Set(HeaderId::kXEnvoyExternalAddress, headers.arena().Copy(forwarded.remote.ip()));
    }
  } else if (forwarded.is_internal) {
    headers.Set(HeaderId::kXEnvoyInternal, "true");
  }
  ApplyRequestId(headers, options, is_edge, random);
  AppendVia(headers, options.via);
  return forwarded;
}

void ApplyResponseHeaders(http::ResponseHead& head, const http::RequestHead& request,
                          const ForwardingOptions& options, std::string_view http_date) {
  http::HeaderMap& headers = head.headers;
  const bool sets_server =
      options.server_header == ServerHeader::kOverwrite ||
      (options.server_header == ServerHeader::kAppendIfAbsent && !headers.Has(HeaderId::kServer));
  if (sets_server) headers.Set(HeaderId::kServer, options.server_name);
  if (!headers.Has(HeaderId::kDate)) headers.Set(HeaderId::kDate, headers.arena().Copy(http_date));
  AppendVia(headers, options.via);
  if (options.request_id_in_response) {
    if (const auto id = request.headers.Get(HeaderId::kXRequestId)) {
      headers.Set(HeaderId::kXRequestId, *id);
    }
  }
}

}  // namespace outrigger::downstream
