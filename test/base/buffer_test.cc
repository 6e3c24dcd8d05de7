#include "source/base/buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace outrigger::base {
namespace {

Slice SliceOf(std::string_view text) { return Slice::Copy(text); }

// What a socket read leaves: `size` bytes in a block for reads.
Slice ReadSlice(size_t size, char fill = 'r') {
  Block* block = Block::New(Block::kReadBytes);
  std::fill_n(block->begin(), size, fill);
  Slice slice(block, block->begin(), size);
  block->Unref();
  return slice;
}

TEST(Slice, KeepsItsBlockAlive) {
  Slice prefix;
  {
    const Slice whole = SliceOf("hello world");
    prefix = whole.Prefix(5);
  }
  EXPECT_EQ(prefix.view(), "hello");
}

TEST(Slice, BorrowsWithoutABlock) {
  const Slice literal = Slice::Borrow("literal");
  const Slice copy = literal;
  EXPECT_EQ(copy.data(), literal.data());
}

TEST(Buffer, AppendsTextInPlace) {
  Buffer buffer;
  buffer.Append("one ");
  buffer.Append("two");
  EXPECT_EQ(buffer.slice_count(), 1u);
  EXPECT_EQ(buffer.Front(), "one two");
}

TEST(Buffer, SplitsTextThatOutgrowsTheTail) {
  Buffer buffer;
  buffer.Append(std::string(Block::kHeadBytes - 1, 'a'));
  buffer.Append("bcd");
  EXPECT_EQ(buffer.slice_count(), 2u);
  EXPECT_EQ(buffer.ToString(), std::string(Block::kHeadBytes - 1, 'a') + "bcd");
}

TEST(Buffer, MovesSlicesWithoutCopying) {
  Buffer from;
  from.Append(ReadSlice(10'000));
  const char* bytes = from.Front().data();
  Buffer to;
  to.Append("head");
  to.Append(std::move(from));
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(to.slice_count(), 2u);
  EXPECT_EQ(to.slice(1).data(), bytes);
}

TEST(Buffer, CopiesASmallSliceWhereTheTailHasRoom) {
  Buffer buffer;
  buffer.Append("head ");
  buffer.Append(SliceOf("body"));
  EXPECT_EQ(buffer.slice_count(), 1u);
  EXPECT_EQ(buffer.Front(), "head body");
}

TEST(Buffer, DoesNotWriteBehindASliceThatEndsInsideItsBlock) {
  Slice slice = SliceOf("abcdef");
  const Slice whole = slice;
  slice.RemoveSuffix(3);
  Buffer buffer;
  buffer.Append(slice);
  buffer.Append("XYZ");
  EXPECT_EQ(whole.view(), "abcdef");
  EXPECT_EQ(buffer.ToString(), "abcXYZ");
}

TEST(Buffer, TwoBuffersOnOneBlockDoNotOverwriteEachOther) {
  Buffer first;
  first.Append("0123456789");
  Buffer second;
  second.AppendPrefixOf(first, 4);
  first.Append("-first");
  second.Append("-second");
  EXPECT_EQ(first.ToString(), "456789-first");
  EXPECT_EQ(second.ToString(), "0123-second");
}

TEST(Buffer, WritesInPlaceBetweenReserveAndCommit) {
  Buffer buffer;
  buffer.Append("a");
  std::memcpy(buffer.Reserve(3), "bcd", 3);
  buffer.Commit(2);
  EXPECT_EQ(buffer.ToString(), "abc");
  EXPECT_EQ(buffer.slice_count(), 1u);
}

TEST(Buffer, ForgetsAReserveThatIsNotCommitted) {
  Buffer buffer;
  buffer.Reserve(100);
  EXPECT_EQ(buffer.Front(), "");
  buffer.Append(ReadSlice(1000));
  EXPECT_EQ(buffer.Front().size(), 1000u);
  EXPECT_EQ(buffer.slice_count(), 1u);
}

TEST(Buffer, LinearizesAcrossSlices) {
  Buffer buffer;
  buffer.Append(ReadSlice(3000, 'a'));
  buffer.Append(ReadSlice(3000, 'b'));
  buffer.Append(ReadSlice(3000, 'c'));
  EXPECT_EQ(buffer.Linearize(7000),
            std::string(3000, 'a') + std::string(3000, 'b') + std::string(1000, 'c'));
  EXPECT_EQ(buffer.size(), 9000u);
  EXPECT_EQ(buffer.slice_count(), 2u);
}

TEST(Buffer, LinearizesWithoutCopyingWhatIsInOnePiece) {
  Buffer buffer;
  buffer.Append(ReadSlice(3000));
  EXPECT_EQ(buffer.Linearize(3000).data(), buffer.Front().data());
}

TEST(Buffer, GrowsInPlaceBehindALinearizedFront) {
  Buffer buffer;
  buffer.Append(ReadSlice(600));
  buffer.Append(ReadSlice(600));
  buffer.Linearize(1200);
  buffer.Append(SliceOf("x"));
  EXPECT_EQ(buffer.slice_count(), 1u);
}

TEST(Buffer, FillsAsManyIovecsAsFit) {
  Buffer buffer;
  for (int i = 0; i < 5; ++i) buffer.Append(ReadSlice(1000 + i));
  iovec parts[3];
  ASSERT_EQ(buffer.FillIovec(absl::MakeSpan(parts)), 3u);
  EXPECT_EQ(parts[0].iov_len, 1000u);
  EXPECT_EQ(parts[2].iov_len, 1002u);
}

TEST(Buffer, UnpinsSmallPartsOfLargeBlocks) {
  Buffer buffer;
  buffer.Append(ReadSlice(1000, 'a'));
  buffer.Append(ReadSlice(60'000, 'b'));
  buffer.Append(ReadSlice(600, 'c'));
  const char* large = buffer.slice(1).data();
  const char* small = buffer.slice(2).data();
  buffer.Unpin();
  EXPECT_EQ(buffer.slice(1).data(), large);
  EXPECT_NE(buffer.slice(2).data(), small);
  EXPECT_EQ(buffer.ToString(),
            std::string(1000, 'a') + std::string(60'000, 'b') + std::string(600, 'c'));
}

TEST(Buffer, AgreesWithAStringUnderRandomOperations) {
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  Buffer buffers[2];
  std::string expected[2];
  for (int step = 0; step < 50'000; ++step) {
    const size_t i = below(2);
    Buffer& buffer = buffers[i];
    std::string& text = expected[i];
    const size_t size = below(20) == 0 ? below(100'000) : below(900);
    const std::string fresh(size, static_cast<char>('a' + step % 26));
    switch (below(11)) {
      case 0:
        buffer.Append(fresh);
        text += fresh;
        break;
      case 1:
        buffer.Append(SliceOf(fresh));
        text += fresh;
        break;
      case 2: {
        const size_t n = below(text.size() + 1);
        buffer.RemovePrefix(n);
        text.erase(0, n);
        break;
      }
      case 3:
        buffer.Append(std::move(buffers[1 - i]));
        text += expected[1 - i];
        expected[1 - i].clear();
        break;
      case 4:
      case 5: {
        const size_t n = below(text.size() + 1);
        buffers[1 - i].AppendPrefixOf(buffer, n);
        expected[1 - i] += text.substr(0, n);
        text.erase(0, n);
        break;
      }
      case 6: {
        const size_t n = below(std::min<size_t>(text.size(), 10'000) + 1);
        ASSERT_EQ(buffer.Linearize(n), text.substr(0, n));
        break;
      }
      case 7: {
        const size_t used = below(size + 1);
        std::memcpy(buffer.Reserve(size), fresh.data(), used);
        buffer.Commit(used);
        text += fresh.substr(0, used);
        break;
      }
      case 8:
        buffer.Unpin();
        break;
      case 9:
        buffer.Append(ReadSlice(std::min(size, Block::kReadBytes), 'r'));
        text.append(std::min(size, Block::kReadBytes), 'r');
        break;
      case 10:
        if (text.size() > 200'000) {
          buffer.Clear();
          text.clear();
        }
        break;
    }
    ASSERT_EQ(buffer.size(), text.size());
    ASSERT_EQ(buffer.empty(), text.empty());
    if (!text.empty()) {
      ASSERT_FALSE(buffer.Front().empty());
    }
    if (step % 16 == 0) {
      ASSERT_EQ(buffer.ToString(), text);
    }
  }
}

}  // namespace
}  // namespace outrigger::base
