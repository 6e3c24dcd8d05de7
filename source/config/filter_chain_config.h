#pragma once

#include "envoy/config/listener/v3/listener.pb.h"
#include "source/config/listener_config.h"
#include "source/config/listener_spec.h"
#include "source/config/place.h"

namespace outrigger::config {

// The filter chains of a listener, its default chain, and the table that finds them.
void CompileFilterChains(const envoy::config::listener::v3::Listener& listener,
                         const ListenerContext& context, ListenerSpec& spec, const Place& place);

// The listener's filters, with the one that use_original_dst stands for.
void CompileListenerFilters(const envoy::config::listener::v3::Listener& listener,
                            const ListenerContext& context, ListenerSpec& spec, const Place& place);

}  // namespace outrigger::config
