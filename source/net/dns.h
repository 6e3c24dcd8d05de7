#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "source/event/operation.h"
#include "source/net/address.h"

namespace outrigger::net {

enum class DnsFamily : uint8_t { kAuto, kV4Only, kV6Only, kV4Preferred, kAll };

struct DnsAnswer {
  std::vector<Address> addresses;  // port 0; IPv6 first with kAll
  std::chrono::seconds ttl;        // the least of all records; 0 from /etc/hosts
};

// The seam to name resolution. Thread: the main thread. Numeric names are answered too.
class DnsResolver {
 public:
  virtual ~DnsResolver() = default;
  // Calls back once, never from inside; destroying the Operation cancels.
  virtual event::Operation Resolve(const std::string& name, DnsFamily family,
                                   absl::AnyInvocable<void(absl::StatusOr<DnsAnswer>)> done) = 0;
};

}  // namespace outrigger::net
