#include "source/event/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace outrigger::event {
namespace {

TEST(Signals, ArriveOnTheLoop) {
  base::ManualClock clock;
  Loop loop(clock);
  std::vector<int> seen;
  Signals signals(loop, {SIGUSR1, SIGTERM}, [&](int signal) { seen.push_back(signal); });
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(seen.empty());
  for (int i = 0; i < 10 && seen.size() < 2; ++i) loop.RunOnce(base::Milliseconds(1000));
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGTERM}));
}

TEST(Signals, IgnoreABrokenPipe) {
  base::ManualClock clock;
  Loop loop(clock);
  const Signals signals(loop, {SIGHUP}, [](int) {});
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[0]);
  EXPECT_EQ(write(fds[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(fds[1]);
}

}  // namespace
}  // namespace outrigger::event
