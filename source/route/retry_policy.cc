#include "source/route/retry_policy.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

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
  return absl::StrJoin(kWords, ", ",
                       [](std::string* out, const auto& word) { absl::StrAppend(out, word.first); });
}

}  // namespace

absl::StatusOr<uint32_t> ParseRetryOn(std::string_view words) {
  uint32_t bits = 0;
  for (std::string_view word : absl::StrSplit(words, ',')) {
    word = absl::StripAsciiWhitespace(word);
    if (word.empty()) continue;
    const uint32_t bit = FindWord(word);
    if (bit == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("retry_on: unknown condition \"", word, "\"; known: ", KnownWords()));
    }
    bits |= bit;
  }
  return bits;
}

uint32_t ParseRetryOnLenient(std::string_view words) {
  uint32_t bits = 0;
  for (const std::string_view word : absl::StrSplit(words, ',')) {
    bits |= FindWord(absl::StripAsciiWhitespace(word));
  }
  return bits;
}

}  // namespace outrigger::route
