#include "source/xds/refusal_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrigger::xds {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

RefusedResource Refused(std::string name, std::string reason) {
  return {.name = std::move(name), .reason = std::move(reason)};
}

TEST(RefusalText, ListsEachResourceWithItsReason) {
  EXPECT_EQ(RefusalText({Refused("a", "x: wrong"), Refused("b", "y: missing")}, 7, ""),
            "2 of 7 resources refused: \"a\": x: wrong; \"b\": y: missing");
}

TEST(RefusalText, IsEmptyWhenNothingWasRefused) { EXPECT_EQ(RefusalText({}, 7, ""), ""); }

TEST(RefusalText, BeginsWithWhatDidNotFit) {
  EXPECT_EQ(RefusalText({}, 7, "too many"), "too many");
  EXPECT_EQ(RefusalText({Refused("a", "r")}, 7, "too many"),
            "too many; 1 of 7 resources refused: \"a\": r");
}

TEST(RefusalText, IsBoundedAndSaysHowManyMoreThereAre) {
  const std::vector<RefusedResource> many(10'000, Refused("name", std::string(100, 'r')));
  const std::string text = RefusalText(many, 10'000, "");
  EXPECT_LE(text.size(), kMaxRefusalBytes);
  EXPECT_THAT(text, EndsWith(" more"));
}

TEST(RefusalText, ALongReasonLeavesRoomForTheOthersAndStaysUtf8) {
  std::string reason = "x";
  for (int i = 0; i < 5000; ++i) reason += "é";
  const std::string text = RefusalText({Refused("a", reason), Refused("b", "short")}, 2, "");
  EXPECT_THAT(text, HasSubstr("é; \"b\": short"));
  EXPECT_LE(text.size(), 2000u);
}

}  // namespace
}  // namespace outrigger::xds
