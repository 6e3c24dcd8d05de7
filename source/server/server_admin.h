#pragma once

#include "source/server/admin/config_pages.h"
#include "source/server/admin/home_page.h"
#include "source/server/admin/server_pages.h"

namespace outrigger::server {

class Server;

// What the admin pages know of one server and can make it do, and the pages themselves.
// Owner: the server; made last, gone first.  Thread: main.
class ServerAdmin final {
 public:
  ServerAdmin(Server& server, ServerFacts facts);

 private:
  ServerControls MakeControls();
  ConfigSources MakeConfigSources();
  HomeSources MakeHomeSources();

  Server& server_;
  const ServerFacts facts_;
  const ServerControls controls_;
  const ConfigSources config_;
  const HomeSources home_;
};

}  // namespace outrigger::server
