#include "source/extensions/access_loggers/line_queue.h"

#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace outrigger::access_loggers {
namespace {

// On the heap: the stack that a sanitizer makes for locals does not align them to 64 bytes.
using Pushed = LineQueue::Pushed;
constexpr LineQueue::Limits kRoomy = {.limit_bytes = size_t{1} << 30,
                                      .flush_bytes = size_t{1} << 30};

std::string ReadAll(LineQueue& queue) {
  std::string all;
  for (std::string_view bytes = queue.Front(); !bytes.empty(); bytes = queue.Front()) {
    all += bytes;
    queue.Pop(bytes.size());
  }
  return all;
}

TEST(LineQueue, HandsLinesOverInOrder) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  EXPECT_EQ(queue.Front(), "");
  EXPECT_EQ(queue.Push("one\n"), Pushed::kStored);
  EXPECT_EQ(queue.Push("two\n"), Pushed::kStored);
  EXPECT_EQ(ReadAll(queue), "one\ntwo\n");
  EXPECT_EQ(queue.Push("three\n"), Pushed::kStored);
  EXPECT_EQ(ReadAll(queue), "three\n");
}

TEST(LineQueue, KeepsWhatWasNotPopped) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  (void)queue.Push("abcdef");
  EXPECT_EQ(queue.Front(), "abcdef");
  queue.Pop(4);
  EXPECT_EQ(queue.Front(), "ef");
}

TEST(LineQueue, NeverSplitsALineOverTwoChunks) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  const std::string line(1'000, 'x');
  for (int i = 0; i < 200; ++i) (void)queue.Push(line);
  size_t chunks = 0;
  for (std::string_view bytes = queue.Front(); !bytes.empty(); bytes = queue.Front(), ++chunks) {
    EXPECT_EQ(bytes.size() % line.size(), 0u);
    queue.Pop(bytes.size());
  }
  EXPECT_GT(chunks, 2u);
}

TEST(LineQueue, TakesALineLargerThanAChunk) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  const std::string line(300'000, 'x');
  (void)queue.Push("a\n");
  (void)queue.Push(line);
  (void)queue.Push("b\n");
  EXPECT_EQ(ReadAll(queue), "a\n" + line + "b\n");
}

TEST(LineQueue, DropsLinesOverItsLimitAndTakesThemAgainOnceRead) {
  const auto owned =
      std::make_unique<LineQueue>(LineQueue::Limits{.limit_bytes = 10, .flush_bytes = 100});
  LineQueue& queue = *owned;
  EXPECT_EQ(queue.Push("12345678"), Pushed::kStored);
  EXPECT_EQ(queue.Push("abc"), Pushed::kDropped);
  EXPECT_EQ(queue.Push("ab"), Pushed::kStored);
  EXPECT_EQ(ReadAll(queue), "12345678ab");
  EXPECT_EQ(queue.Push("abc"), Pushed::kStored);
}

TEST(LineQueue, AsksForAFlushOncePerFlushSize) {
  const auto owned =
      std::make_unique<LineQueue>(LineQueue::Limits{.limit_bytes = 1'000, .flush_bytes = 10});
  LineQueue& queue = *owned;
  EXPECT_EQ(queue.Push("12345"), Pushed::kStored);
  EXPECT_EQ(queue.Push("12345"), Pushed::kStoredAndShouldFlush);
  EXPECT_EQ(queue.Push("12345"), Pushed::kStored);
  EXPECT_EQ(queue.Push("12345"), Pushed::kStoredAndShouldFlush);
  (void)ReadAll(queue);
  EXPECT_EQ(queue.Push("12345"), Pushed::kStored);
}

TEST(LineQueue, LosesNothingBetweenTwoRunningThreads) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  constexpr int kLines = 50'000;
  std::thread writer([&] {
    for (int i = 0; i < kLines; ++i) (void)queue.Push(std::to_string(i) + "\n");
  });
  std::string expected;
  for (int i = 0; i < kLines; ++i) expected += std::to_string(i) + "\n";
  std::string read;
  while (read.size() < expected.size()) read += ReadAll(queue);
  writer.join();
  EXPECT_EQ(read, expected);
}

TEST(LineQueue, FreesWhatNobodyRead) {
  const auto owned = std::make_unique<LineQueue>(kRoomy);
  LineQueue& queue = *owned;
  for (int i = 0; i < 300; ++i) (void)queue.Push(std::string(1'000, 'x'));
  (void)queue.Front();
}

}  // namespace
}  // namespace outrigger::access_loggers
