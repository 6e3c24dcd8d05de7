#pragma once

#include <functional>

#include "source/server/admin/admin.h"
#include "source/server/listener_set.h"

namespace outrigger::server {

// What /drain_listeners asks for.
struct DrainRequest {
  ListenerSet::Which which = ListenerSet::Which::kAll;
  // Goes on accepting for the drain time, while connections end after their next response. Else
  // listeners stop accepting at once.
  bool is_graceful = false;
  // Graceful only: goes on accepting after the drain time too.
  bool keeps_accepting = false;
};

// /listeners and /drain_listeners.
void AddListenerPages(Admin& admin, const ListenerSet& listeners,
                      std::function<void(const DrainRequest&)> drain);

}  // namespace outrigger::server
