#pragma once

#include <functional>
#include <vector>

#include "source/base/clock.h"
#include "source/server/admin/admin.h"
#include "source/server/certificates_in_use.h"

namespace outrigger::server {

// /certs: the certificates that are shown and trusted, and when they expire. `clock` outlives
// `admin`.
void AddCertificatePage(Admin& admin, const base::Clock& clock,
                        std::function<std::vector<ContextCertificates>()> in_use);

}  // namespace outrigger::server
