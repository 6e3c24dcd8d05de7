#pragma once

#include <functional>
#include <map>
#include <string>

#include "source/net/tls/context_plan.h"

namespace outrigger::config {

// The secrets of the bootstrap, by name.
using SecretTable = std::map<std::string, net::tls::SecretPtr, std::less<>>;

}  // namespace outrigger::config
