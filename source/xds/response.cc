#include "source/xds/response.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/base/text.h"

namespace outrigger::xds {
namespace {

using envoy::service::discovery::v3::DeltaDiscoveryResponse;
using envoy::service::discovery::v3::DiscoveryResponse;
using google::protobuf::Any;
using google::protobuf::Duration;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::string_view kEnvelope = "envoy.service.discovery.v3.Resource";

std::optional<std::chrono::milliseconds> ReadTtl(const Duration& ttl, std::string& flaw) {
  constexpr int64_t kMaxSeconds = 315'576'000'000;  // what google.protobuf.Duration allows
  if (ttl.seconds() < 0 || ttl.nanos() < 0 || ttl.seconds() > kMaxSeconds ||
      ttl.seconds() + ttl.nanos() == 0) {
    flaw = base::StrCat("ttl: must be positive, got ", ttl.seconds(), " s ", ttl.nanos(), " ns");
    return std::nullopt;
  }
  return std::chrono::milliseconds(ttl.seconds() * 1000 + (ttl.nanos() + 999'999) / 1'000'000);
}

ReceivedResource OpenEnvelope(envoy::service::discovery::v3::Resource& envelope,
                              std::string_view version) {
  ReceivedResource out;
  out.resource.name = std::move(*envelope.mutable_name());
  if (out.resource.name.empty()) out.resource.name = envelope.resource_name().name();
  out.resource.version = envelope.version().empty() ? std::string(version) : envelope.version();
  if (envelope.has_ttl()) out.ttl = ReadTtl(envelope.ttl(), out.flaw);
  if (envelope.has_resource()) {
    out.resource.body = std::move(*envelope.mutable_resource());
  } else {
    out.is_heartbeat = true;
  }
  return out;
}

// SotW: the resource itself, or, from servers that use TTLs, in an envelope.
ReceivedResource OpenSotw(Any& any, std::string_view version) {
  if (TypeNameOf(any.type_url()) != kEnvelope) {
    ReceivedResource out;
    out.resource.body = std::move(any);
    out.resource.version = version;
    return out;
  }
  envoy::service::discovery::v3::Resource envelope;
  if (!envelope.ParseFromString(any.value())) {
    ReceivedResource out;
    out.flaw = "its envelope, envoy.service.discovery.v3.Resource, is not valid protobuf";
    return out;
  }
  return OpenEnvelope(envelope, version);
}

// What a resource must be whatever its type: of the response's type, and named.
void Check(ReceivedResource& received, const Response& response) {
  WireResource& resource = received.resource;
  if (!received.is_heartbeat && received.flaw.empty()) {
    if (TypeNameOf(resource.body.type_url()) != TypeNameOf(response.type_url)) {
      received.flaw = base::StrCat("is of type ", resource.body.type_url(), " in a response of ",
                                   response.type_url);
    } else if (std::string inside = NameInside(resource.body.value()); resource.name.empty()) {
      resource.name = std::move(inside);
    }
  }
  if (resource.name.empty() && received.flaw.empty()) {
    received.flaw = "has no name, or is not valid protobuf";
  }
}

void CheckAll(Response& response) {
  absl::flat_hash_set<std::string_view> names;
  absl::flat_hash_set<std::string> duplicates;
  names.reserve(response.resources.size());
  for (ReceivedResource& received : response.resources) {
    Check(received, response);
    const std::string& name = received.resource.name;
    if (name.empty()) {
      response.has_nameless = true;
    } else if (!names.insert(name).second && duplicates.insert(name).second) {
      response.duplicates.push_back(name);
    }
  }
}

Response TakeApart(DiscoveryResponse& message) {
  Response out;
  out.type_url = std::move(*message.mutable_type_url());
  out.version = std::move(*message.mutable_version_info());
  out.nonce = std::move(*message.mutable_nonce());
  out.control_plane = std::move(*message.mutable_control_plane()->mutable_identifier());
  out.resources.reserve(message.resources_size());
  for (Any& any : *message.mutable_resources()) {
    out.resources.push_back(OpenSotw(any, out.version));
  }
  return out;
}

Response TakeApart(DeltaDiscoveryResponse& message) {
  Response out;
  out.type_url = std::move(*message.mutable_type_url());
  out.version = std::move(*message.mutable_system_version_info());
  out.nonce = std::move(*message.mutable_nonce());
  out.control_plane = std::move(*message.mutable_control_plane()->mutable_identifier());
  out.resources.reserve(message.resources_size());
  for (auto& envelope : *message.mutable_resources()) {
    out.resources.push_back(OpenEnvelope(envelope, out.version));
  }
  for (std::string& name : *message.mutable_removed_resources()) {
    out.removed.push_back(std::move(name));
  }
  for (auto& removed : *message.mutable_removed_resource_names()) {
    out.removed.push_back(std::move(*removed.mutable_name()));
  }
  return out;
}

template <typename Message>
absl::StatusOr<Response> Read(std::string_view bytes) {
  Message message;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::InvalidArgument("ads: ", bytes.size(), " bytes are no valid ",
                                 message.GetTypeName());
  }
  Response out = TakeApart(message);
  if (out.type_url.empty()) {
    return base::InvalidArgument("ads: a response without type_url, nonce \"", out.nonce, "\"");
  }
  CheckAll(out);
  return out;
}

}  // namespace

absl::StatusOr<Response> ReadResponse(Protocol protocol, std::string_view bytes) {
  return protocol == Protocol::kSotw ? Read<DiscoveryResponse>(bytes)
                                     : Read<DeltaDiscoveryResponse>(bytes);
}

namespace {

// How many bytes the character of UTF-8 that begins with `first` has; 0: none begins so.
int Utf8Size(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// Overlong forms and surrogates pass: they do no harm in a log or a message.
bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = static_cast<size_t>(Utf8Size(static_cast<unsigned char>(text[0])));
    if (size == 0 || size > text.size()) return false;
    for (size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace

std::string NameInside(std::string_view body) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(body.data()), static_cast<int>(body.size()));
  const uint32_t name_tag = WireFormatLite::MakeTag(1, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  std::string name;
  while (const uint32_t tag = in.ReadTag()) {
    uint32_t size = 0;
    if (tag != name_tag) {
      if (!WireFormatLite::SkipField(&in, tag)) return "";
    } else if (!in.ReadVarint32(&size) || !in.ReadString(&name, static_cast<int>(size))) {
      return "";
    }
  }
  return in.ConsumedEntireMessage() && IsUtf8(name) ? name : "";
}

}  // namespace outrigger::xds
