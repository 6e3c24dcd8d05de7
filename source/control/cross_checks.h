#pragma once

#include <string>
#include <vector>

#include "source/control/snapshot.h"

namespace outrigger::control {

// What is wrong between resources, each as `file:line:column: path: what`.
struct CrossCheck {
  // Routes or endpoints that a listener or cluster waits for and that no file holds.
  std::vector<std::string> errors;
  // Clusters that no file holds: the proxy's bootstrap may have them.
  std::vector<std::string> warnings;
};

CrossCheck CheckReferences(const Snapshot& snapshot);

}  // namespace outrigger::control
