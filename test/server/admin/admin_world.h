#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/server/admin/admin.h"
#include "source/server/listener_set.h"
#include "test/upstream/cluster_world.h"

// An admin endpoint that is asked without a socket, with clusters and listeners to show.
namespace outrigger::server {

struct Answer {
  int status;
  std::string content_type;
  std::string body;
};

class AdminWorld {
 public:
  AdminWorld() { workers.push_back(std::make_unique<Worker>(0, world.turns.clock)); }

  Answer Get(std::string_view target) const { return Ask(http::Method::kGet, target); }
  Answer Post(std::string_view target) const { return Ask(http::Method::kPost, target); }

  // A listener on a port of the kernel's choice. With `rds_name` it waits for those routes.
  void AddListener(std::string_view name, std::string_view rds_name = "") {
    auto spec = std::make_shared<config::ListenerSpec>();
    spec->name = std::string(name);
    spec->addresses = {*net::Address::Ip("127.0.0.1", 0)};
    config::FilterChainSpec chain;
    chain.routes.rds_name = std::string(rds_name);
    config::SetOnlyChain(*spec, std::move(chain));
    CHECK(listeners.Add(spec, /*is_static=*/false).ok());
  }

  upstream::World world;
  std::vector<std::unique_ptr<Worker>> workers;
  RouteSet routes{world.turns.loop, workers, [](const std::string&, bool) {}};
  ConnectionBudget budget;
  ListenerSet listeners{world.turns.loop,         workers,    routes, budget,
                        base::Milliseconds(1000), world.stats};
  Admin admin{world.turns.loop, world.workers, world.stats};

 private:
  Answer Ask(http::Method method, std::string_view target) const {
    const size_t mark = target.find('?');
    AdminRequest request{.method = method, .path = std::string(target.substr(0, mark))};
    if (mark != target.npos) CHECK(ParseQuery(target.substr(mark + 1), request));
    const AdminReply reply = admin.Serve(request);
    return {reply.status, reply.content_type, reply.body.ToString()};
  }
};

}  // namespace outrigger::server
