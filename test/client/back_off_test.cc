#include "source/client/back_off.h"

#include <gtest/gtest.h>

namespace outrigger::client {
namespace {

using base::Milliseconds;

TEST(BackOff, DoublesUpToItsLimit) {
  BackOff back_off(Milliseconds(500), Milliseconds(1500), [] { return 0.999; });
  EXPECT_EQ(back_off.Next(), Milliseconds(499));
  EXPECT_EQ(back_off.Next(), Milliseconds(999));
  EXPECT_EQ(back_off.Next(), Milliseconds(1499));
  EXPECT_EQ(back_off.Next(), Milliseconds(1499));
}

TEST(BackOff, WaitsAtLeastHalf) {
  BackOff back_off(Milliseconds(500), Milliseconds(1500), [] { return 0.0; });
  EXPECT_EQ(back_off.Next(), Milliseconds(250));
}

TEST(BackOff, BeginsAgainAfterSuccess) {
  BackOff back_off(Milliseconds(500), Milliseconds(1500), [] { return 0.0; });
  back_off.Next();
  back_off.Next();
  back_off.Reset();
  EXPECT_EQ(back_off.Next(), Milliseconds(250));
}

}  // namespace
}  // namespace outrigger::client
