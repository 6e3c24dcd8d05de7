#include "source/upstream/endpoint_labels.h"

#include <algorithm>

namespace outrigger::upstream {

bool HoldsAll(const Labels& labels, const Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

}  // namespace outrigger::upstream
