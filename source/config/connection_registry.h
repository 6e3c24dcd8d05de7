#pragma once

#include <string>
#include <vector>

#include "source/config/makers.h"
#include "source/tcp/listener_filter.h"
#include "source/tcp/session.h"
#include "source/upstream/cluster_names.h"

namespace outrigger::config {

class FactoryContext;
class Registry;

// What a network filter that ends its chain was made into.
struct MadeNetworkFilter {
  tcp::SessionFactory session;
  std::vector<std::string> clusters;  // where it may go: they are kept while it serves
};

// What the factory of a network filter may use. Lives during the call.
struct NetworkContext {
  FactoryContext& factories;  // its stat_prefix is empty
  upstream::ClusterNames& names;
  const Registry& registry;
};

// What is compiled into this binary for connections before they are HTTP, or instead.
// Owner: the Registry.  Thread: as it.
class ConnectionRegistry {
 public:
  // The end of a filter chain that is no connection manager.
  // `create`: absl::StatusOr<MadeNetworkFilter>(const Config&, NetworkContext&).
  template <typename Config, typename Create>
  void AddNetworkFilter(Create create) {
    network_filters_.Add<Config>(create);
  }
  // `create`: absl::StatusOr<tcp::ListenerFilterFactory>(const Config&, FactoryContext&).
  template <typename Config, typename Create>
  void AddListenerFilter(Create create) {
    listener_filters_.Add<Config>(create);
  }

  absl::StatusOr<MadeNetworkFilter> MakeNetworkFilter(const google::protobuf::Any& config,
                                                      NetworkContext& context) const {
    return network_filters_.Make("network filter", config, context);
  }
  absl::StatusOr<tcp::ListenerFilterFactory> MakeListenerFilter(const google::protobuf::Any& config,
                                                                FactoryContext& context) const {
    return listener_filters_.Make("listener filter", config, context);
  }

 private:
  Makers<MadeNetworkFilter, NetworkContext> network_filters_;
  Makers<tcp::ListenerFilterFactory, FactoryContext> listener_filters_;
};

}  // namespace outrigger::config
