#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/xds/resource_type.h"

namespace outrigger::xds {

enum class Protocol : uint8_t { kSotw, kDelta };

// One resource of a response, found in its envelope.
struct ReceivedResource {
  WireResource resource;
  // The server wants it forgotten unless it is named again in this time.
  std::optional<std::chrono::milliseconds> ttl;
  // No body came: only the ttl begins anew.
  bool is_heartbeat = false;
  // Not empty: it cannot be used, and why.
  std::string flaw;
};

// A DiscoveryResponse or DeltaDiscoveryResponse, taken apart.
struct Response {
  std::string type_url;
  std::string version;
  std::string nonce;
  std::string control_plane;  // its identifier; empty: not said
  std::vector<ReceivedResource> resources;
  std::vector<std::string> removed;  // delta
  // Names that came more than once: the response is refused as a whole.
  std::vector<std::string> duplicates;
  // A resource came whose name cannot be told, so what is absent cannot be told either.
  bool has_nameless = false;
};

// Error: the bytes are not that message, or not one that can be answered; the stream is of no use.
// Thread: any; it is meant for the compile thread.
absl::StatusOr<Response> ReadResponse(Protocol protocol, std::string_view bytes);

// "type.googleapis.com/a.b.C" -> "a.b.C": control planes put various hosts before the last '/'.
inline std::string_view TypeNameOf(std::string_view url) { return url.substr(url.rfind('/') + 1); }

// The name that a resource carries in itself, empty if there is none or `body` is not valid: in
// every xDS resource it is field 1.
std::string NameInside(std::string_view body);

}  // namespace outrigger::xds
