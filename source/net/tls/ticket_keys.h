#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace outrigger::net::tls {

// Keys that session tickets are sealed with: the first seals, all open. Immutable, shared; other
// proxies that have the same keys open each other's tickets.
class TicketKeys {
 public:
  // Each is 80 random bytes, as Envoy's. Errors: another length, by which key.
  static absl::StatusOr<std::shared_ptr<const TicketKeys>> Make(std::vector<std::string> keys);
  virtual ~TicketKeys() = default;
  virtual uint64_t fingerprint() const = 0;
};

}  // namespace outrigger::net::tls
