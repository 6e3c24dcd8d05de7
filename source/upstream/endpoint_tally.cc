#include "source/upstream/endpoint_tally.h"

#include "source/stats/cells.h"

namespace outrigger::upstream {

EndpointTally::EndpointTally() : first_(stats::cells::Allocate(kCells)) {}

EndpointTally::~EndpointTally() { stats::cells::Free(first_, kCells); }

}  // namespace outrigger::upstream
