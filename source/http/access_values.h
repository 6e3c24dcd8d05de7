#pragma once

#include <vector>

#include "absl/types/span.h"
#include "source/http/access_operator.h"

namespace outrigger::http {

// What may stand in the parentheses of an operator.
enum class ArgumentRule : uint8_t {
  kNone,
  kHeader,          // NAME or NAME?ALTERNATIVE, required
  kTime,            // a time format, optional
  kMoments,         // FROM:TO or FROM:TO:UNIT, required
  kGrpcStatusForm,  // CAMEL_STRING, SNAKE_STRING or NUMBER, optional
  kVariable,        // the name of an environment variable, required
};

struct OperatorSpec {
  std::string_view name;
  ArgumentRule rule;
  AccessOperator::Evaluate* evaluate;
};

// All operators there are.
const std::vector<OperatorSpec>& OperatorSpecs();
// Those of them that tell of TLS.
absl::Span<const OperatorSpec> TlsOperatorSpecs();

}  // namespace outrigger::http
