#pragma once

#include "source/server/admin/admin.h"
#include "source/server/admin/config_dump.h"

namespace outrigger::server {

// /config_dump: the configuration in effect, and what was refused. /init_dump: what waits, and for
// what. `sources` outlive `admin`.
void AddConfigPages(Admin& admin, const ConfigSources& sources);

}  // namespace outrigger::server
