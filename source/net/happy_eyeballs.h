#pragma once

#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/net/address.h"
#include "source/net/socket.h"

namespace outrigger::net {

struct RaceOptions {
  base::Milliseconds stagger{300};  // head start of each address before the next one is tried too
  base::Milliseconds timeout{0};    // of the whole; 0: none
  std::optional<Address> source;
  std::optional<KeepaliveOptions> keepalive;
};

struct RaceWinner {
  Socket socket;  // connected
  Address address;
};

// Connects to the first of `addresses` that answers (Happy Eyeballs, RFC 8305): families take
// turns, beginning with that of the first address; an address that fails lets the next one start at
// once. `done` is called once, from the loop; with the last failure if none answers.
event::Operation ConnectToFirst(event::Loop& loop, std::vector<Address> addresses,
                                RaceOptions options,
                                absl::AnyInvocable<void(absl::StatusOr<RaceWinner>)> done);

}  // namespace outrigger::net
