#include "source/route/retry_policy.h"

#include <utility>

#include "source/base/text.h"

namespace outrigger::route {
namespace {

constexpr std::pair<std::string_view, uint32_t> kWords[] = {
    {"5xx", kRetry5xx},
    {"cancelled", kRetryGrpcCancelled},
    {"connect-failure", kRetryConnectFailure},
    {"deadline-exceeded", kRetryGrpcDeadlineExceeded},
    {"envoy-ratelimited", kRetryEnvoyRateLimited},
    {"gateway-error", kRetryGatewayError},
    {"internal", kRetryGrpcInternal},
    {"refused-stream", kRetryRefusedStream},
    {"reset", kRetryReset},
    {"reset-before-request", kRetryResetBeforeRequest},
    {"resource-exhausted", kRetryGrpcResourceExhausted},
    {"retriable-4xx", kRetryRetriable4xx},
    {"retriable-headers", kRetryRetriableHeaders},
    {"retriable-status-codes", kRetryStatusCodes},
    {"unavailable", kRetryGrpcUnavailable},
};

uint32_t FindWord(std::string_view word) {
  for (const auto& [known, bit] : kWords) {
    if (known == word) return bit;
  }
  return 0;
}

std::string KnownWords() {
  std::string known;
  for (const auto& [word, bit] : kWords) base::StrAppend(&known, known.empty() ? "" : ", ", word);
  return known;
}

// Calls visit(word) for each non-empty word of a comma-separated list.
template <typename Visit>
void ForEachWord(std::string_view words, Visit visit) {
  while (!words.empty()) {
    const size_t end = words.find(',');
    const std::string_view word = base::StripSpaces(words.substr(0, end));
    if (!word.empty()) visit(word);
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
}

}  // namespace

absl::StatusOr<uint32_t> ParseRetryOn(std::string_view words) {
  uint32_t bits = 0;
  std::string_view unknown;
  ForEachWord(words, [&](std::string_view word) {
    const uint32_t bit = FindWord(word);
    if (bit == 0 && unknown.empty()) unknown = word;
    bits |= bit;
  });
  if (!unknown.empty()) {
    return base::InvalidArgument("retry_on: unknown condition \"", unknown,
                                 "\"; known: ", KnownWords());
  }
  return bits;
}

uint32_t ParseRetryOnLenient(std::string_view words) {
  uint32_t bits = 0;
  ForEachWord(words, [&](std::string_view word) { bits |= FindWord(word); });
  return bits;
}

}  // namespace outrigger::route
