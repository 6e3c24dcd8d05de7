#include "source/xds/compile_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "test/client/turning.h"

namespace outrigger::xds {
namespace {

using ::testing::ElementsAre;

TEST(CompileThread, RunsJobsElsewhereAndReportsHereInOrder) {
  const base::SystemClock clock;
  event::Loop loop(clock);
  CompileThread thread(loop);
  std::vector<int> done;
  std::thread::id worked_on;
  std::vector<event::Operation> operations;
  for (int i = 0; i < 3; ++i) {
    operations.push_back(thread.Run([&] { worked_on = std::this_thread::get_id(); },
                                    [&done, i] { done.push_back(i); }));
  }
  ASSERT_TRUE(test::TurnUntil(loop, [&] { return done.size() == 3; }));
  EXPECT_THAT(done, ElementsAre(0, 1, 2));
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST(CompileThread, ACancelledJobReportsNothing) {
  const base::SystemClock clock;
  event::Loop loop(clock);
  CompileThread thread(loop);
  bool cancelled_ran = false;
  bool last_ran = false;
  {
    const event::Operation cancelled = thread.Run([] {}, [&] { cancelled_ran = true; });
  }
  const event::Operation last = thread.Run([] {}, [&] { last_ran = true; });
  ASSERT_TRUE(test::TurnUntil(loop, [&] { return last_ran; }));
  EXPECT_FALSE(cancelled_ran);
}

}  // namespace
}  // namespace outrigger::xds
