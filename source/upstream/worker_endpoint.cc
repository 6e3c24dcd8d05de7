#include "source/upstream/worker_endpoint.h"

#include <utility>

#include "source/upstream/pool.h"

namespace outrigger::upstream {

WorkerEndpoint::WorkerEndpoint(std::shared_ptr<const Endpoint> served)
    : endpoint(std::move(served)) {}

WorkerEndpoint::~WorkerEndpoint() = default;

}  // namespace outrigger::upstream
