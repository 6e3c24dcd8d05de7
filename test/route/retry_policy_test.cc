#include "source/route/retry_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace outrigger::route {
namespace {

TEST(ParseRetryOn, ReadsAList) {
  EXPECT_EQ(*ParseRetryOn("5xx"), uint32_t{kRetry5xx});
  EXPECT_EQ(*ParseRetryOn(" reset , connect-failure,,retriable-4xx"),
            uint32_t{kRetryReset | kRetryConnectFailure | kRetryRetriable4xx});
  EXPECT_EQ(*ParseRetryOn(""), 0u);
}

TEST(ParseRetryOn, NamesTheUnknownWordAndTheKnownOnes) {
  const auto bits = ParseRetryOn("5xx,4xx");
  ASSERT_FALSE(bits.ok());
  EXPECT_THAT(std::string(bits.status().message()),
              testing::StartsWith("retry_on: unknown condition \"4xx\"; known: 5xx, cancelled, "));
}

TEST(ParseRetryOnLenient, SkipsUnknownWords) {
  EXPECT_EQ(ParseRetryOnLenient("nonsense, 5xx"), uint32_t{kRetry5xx});
}

}  // namespace
}  // namespace outrigger::route
