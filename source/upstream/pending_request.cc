#include "source/upstream/pending_request.h"

#include "source/upstream/pool.h"

namespace outrigger::upstream {

void PendingRequest::Answer(StartResult result_told) {
  auto tell = std::exchange(done, nullptr);
  tell(std::move(result_told));
  Unref();
}

void PendingRequest::Cancel() {
  if (pool != nullptr) {
    pool->Cancel(*this);
    Unref();
  } else if (is_linked()) {
    // Between its failure and being told.
    Unlink();
    if (auto* attempt = std::get_if<Attempt>(&result)) {
      if (attempt->writer != nullptr) attempt->writer->Reset();
    }
    Unref();
  }
  Unref();
}

}  // namespace outrigger::upstream
