#pragma once

#include <functional>
#include <string>
#include <vector>

#include "source/base/clock.h"
#include "source/server/admin/admin.h"
#include "source/server/admin/config_dump.h"
#include "source/server/admin/server_pages.h"

namespace outrigger::server {

// What the home page shows. Borrowed.
struct HomeSources {
  const ServerControls& controls;
  const ServerFacts& facts;
  const ConfigSources& config;
  const ConnectionBudget& connections;
  const base::Clock& clock;
  std::function<std::vector<std::string>()> waiting;  // LiveConfig::Waiting
};

// `/`, for people: what the server does, its listeners and clusters, what the control plane sent
// and what of it was refused and why, and every other page. Without scripts.
// `sources` outlive `admin`.
void AddHomePage(Admin& admin, const HomeSources& sources);

}  // namespace outrigger::server
