#include "source/base/free_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace outrigger::base {
namespace {

TEST(FreeList, GivesBackTheLatestFirst) {
  FreeList list(2);
  EXPECT_EQ(list.Take(), nullptr);
  void* const first = std::malloc(32);
  void* const second = std::malloc(32);
  list.Give(first);
  list.Give(second);
  EXPECT_EQ(list.Take(), kKeepsFreeMemory ? second : nullptr);
  EXPECT_EQ(list.Take(), kKeepsFreeMemory ? first : nullptr);
  EXPECT_EQ(list.Take(), nullptr);
  if (!kKeepsFreeMemory) return;
  std::free(first);
  std::free(second);
}

TEST(FreeList, KeepsNoMoreThanItsLimit) {
  FreeList list(3);
  for (int i = 0; i < 10; ++i) list.Give(std::malloc(32));
  int kept = 0;
  while (void* block = list.Take()) {
    std::free(block);
    ++kept;
  }
  EXPECT_EQ(kept, kKeepsFreeMemory ? 3 : 0);
}

TEST(FreeList, KeepsNothingOnceClosed) {
  FreeList list(3);
  list.Give(std::malloc(32));
  list.Close();
  EXPECT_EQ(list.Take(), nullptr);
  list.Give(std::malloc(32));
  EXPECT_EQ(list.Take(), nullptr);
}

struct Animal {
  virtual ~Animal() = default;
};
struct Dog final : Animal, Recycled<Dog> {
  char bytes[500] = {};
};

TEST(Recycled, ObjectsTakeTheMemoryOfTheLastOneHoweverItWasDestroyed) {
  std::unique_ptr<Animal> animal = std::make_unique<Dog>();
  const void* const place = animal.get();
  animal = nullptr;
  const auto dog = std::make_unique<Dog>();
  const bool is_same = static_cast<Animal*>(dog.get()) == place;
  EXPECT_TRUE(is_same || !kKeepsFreeMemory);
}

TEST(Recycled, ObjectsMayDieOnAnotherThread) {
  std::vector<std::unique_ptr<Dog>> dogs(1000);
  for (auto& dog : dogs) dog = std::make_unique<Dog>();
  std::thread([&] { dogs.clear(); }).join();
  EXPECT_TRUE(dogs.empty());
}

}  // namespace
}  // namespace outrigger::base
