#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "source/base/fingerprint.h"
#include "source/xds/resource_type.h"
#include "source/xds/response.h"

namespace outrigger::xds {

// What one type may hold; more is refused, and what is held stays.
struct ResourceLimits {
  size_t count = 1'000'000;
  size_t bytes = size_t{1} << 30;
};

// What a response amounts to.
struct Outcome {
  // Not OK: the bytes are no response at all; nothing below is set.
  absl::Status status;
  std::string type_url;
  std::optional<size_t> type;  // which of the compiler's types; absent: none of them
  std::string version;
  std::string nonce;
  std::string control_plane;
  size_t resource_count = 0;
  // Not empty: the response is refused as a whole, and nothing in it counts.
  std::string refusal;

  Update update;                     // for the type's `apply`
  std::vector<ReadyResource> taken;  // the same as update.changed, to be kept
  // Resources with the same bytes as are held, whose version changed, or which were refused since.
  std::vector<std::pair<std::string, std::string>> reaffirmed;  // name, version
  // Resources that came with a time to live, and those that had one and came without.
  std::vector<std::pair<std::string, std::optional<std::chrono::milliseconds>>> ttls;
  // What did not fit the limits; not in `update`, so that it cannot pile up there either.
  std::string overflow;
  std::vector<std::string> unknown_fields;
};

// Reads responses, finds what changed in them by comparing with what is held, and compiles that.
// Thread: after construction the compile thread only; it alone knows what was sent before.
// Costs: one hash and one look-up for what did not change.
class ResponseCompiler final {
 public:
  // `types` outlive us.
  ResponseCompiler(Protocol protocol, const std::vector<const ResourceType*>& types,
                   ResourceLimits limits);

  Outcome Compile(std::string_view bytes);
  // What was compiled could not be applied: the same bytes are a change when they come again.
  void Doubt(size_t type, const std::vector<std::string>& names);
  // These are no longer held.
  void Forget(size_t type, const std::vector<std::string>& names);

 private:
  struct Held {
    std::optional<base::Fingerprint> accepted;
    std::string version;
    size_t bytes = 0;         // of the last body, accepted or refused
    uint64_t seen_in = 0;     // number of the last response that named it
    bool is_refused = false;  // the last body was
    bool has_ttl = false;
  };
  struct Set {
    const ResourceType* type;
    absl::flat_hash_map<std::string, Held> held;
    size_t bytes = 0;
  };

  void Take(Set& set, ReceivedResource received, Outcome& out);
  void CompileChanged(Set& set, Held& held, WireResource resource, Outcome& out);
  void TakeTtl(Held& held, const ReceivedResource& received, Outcome& out);
  void FindRemoved(Set& set, Response& response, Outcome& out);
  static void Refuse(WireResource resource, std::string reason, Outcome& out);
  static void Erase(Set& set, const std::string& name);

  const Protocol protocol_;
  const ResourceLimits limits_;
  std::vector<Set> sets_;
  uint64_t response_number_ = 0;
};

}  // namespace outrigger::xds
