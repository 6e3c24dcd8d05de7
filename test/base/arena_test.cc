#include "source/base/arena.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace outrigger::base {
namespace {

TEST(Arena, UsesTheCallersMemoryFirst) {
  alignas(16) char first[64];
  Arena arena(first, sizeof(first));
  EXPECT_EQ(arena.Allocate(32), static_cast<void*>(first));
  EXPECT_EQ(arena.allocated_bytes(), 0u);
  arena.Allocate(64);
  EXPECT_GT(arena.allocated_bytes(), 0u);
}

TEST(Arena, AlignsWhatItHandsOut) {
  Arena arena;
  for (const size_t align : {1u, 2u, 4u, 8u, 16u, 64u}) {
    arena.Allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<size_t>(arena.Allocate(3, align)) % align, 0u);
  }
}

TEST(Arena, CopiesKeepTheirBytes) {
  Arena arena;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 2000; ++i) copies.push_back(arena.Copy("text " + std::to_string(i)));
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(copies[i], "text " + std::to_string(i));
}

TEST(Arena, HandsOutMoreThanOneChunkHolds) {
  Arena arena;
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(arena.Copy(large), large);
}

TEST(Arena, StartsAgainInTheFirstMemoryAfterReset) {
  alignas(16) char first[64];
  Arena arena(first, sizeof(first));
  arena.Allocate(10'000);
  arena.Reset();
  EXPECT_EQ(arena.allocated_bytes(), 0u);
  EXPECT_EQ(arena.Allocate(16), static_cast<void*>(first));
}

}  // namespace
}  // namespace outrigger::base
