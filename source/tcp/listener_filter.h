#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "source/net/accepted.h"

namespace outrigger::tcp {

// What a listener filter decides.
enum class Inspection : uint8_t {
  kDone,       // the next filter may look, or the filter chain is chosen
  kNeedsData,  // show me more bytes
  kClose,      // this connection is not to be served
};

// Looks at a connection before its filter chain is chosen: what it finds out goes into the
// connection's arrival, its peer or its local address.
// Owner: the inspection of one connection.  Thread: its worker.
class ListenerFilter {
 public:
  virtual ~ListenerFilter() = default;
  // Once, first.
  virtual Inspection OnAccept(net::Accepted& connection) = 0;
  // After kNeedsData, any number of times until it says something else: connection.read holds every
  // byte that was read and not taken; `fresh_at` is where the bytes begin that it was not shown
  // before. It may take bytes from the front.
  virtual Inspection OnData(net::Accepted& connection, size_t fresh_at) = 0;
};

using ListenerFilterFactory = absl::AnyInvocable<std::unique_ptr<ListenerFilter>() const>;

// Immutable; called on any worker.
struct ListenerFilterEntry {
  ListenerFilterFactory make;
  // By the connection's local port; empty: always looks.
  absl::AnyInvocable<bool(uint16_t port) const> is_disabled;
};
using ListenerFilters = std::shared_ptr<const std::vector<ListenerFilterEntry>>;

// Calls visit(std::string_view) for the bytes of `buffer` from `at` on.
template <typename Visit>
void VisitFrom(const base::Buffer& buffer, size_t at, Visit visit) {
  for (size_t i = 0; i < buffer.slice_count(); ++i) {
    const std::string_view bytes = buffer.slice(i).view();
    if (at < bytes.size()) visit(bytes.substr(at));
    at -= std::min(at, bytes.size());
  }
}

}  // namespace outrigger::tcp
