#pragma once

#include "source/server/admin/admin.h"

namespace outrigger::server {

// /logging: GET shows the level of each topic; POST sets them, all or (when anything is wrong)
// none.
void AddLogPage(Admin& admin);

}  // namespace outrigger::server
