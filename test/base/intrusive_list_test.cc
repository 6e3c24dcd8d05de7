#include "source/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace outrigger::base {
namespace {

struct Item : ListLink<> {
  explicit Item(char name) : name(name) {}
  char name;
};

std::string Names(IntrusiveList<Item>& list) {
  std::string names;
  list.ForEach([&](Item& item) { names += item.name; });
  return names;
}

TEST(IntrusiveList, KeepsOrder) {
  Item a('a'), b('b'), c('c');
  IntrusiveList<Item> list;
  list.PushBack(b);
  list.PushBack(c);
  list.PushFront(a);
  EXPECT_EQ(Names(list), "abc");
  EXPECT_EQ(list.front().name, 'a');
  EXPECT_EQ(list.back().name, 'c');
}

TEST(IntrusiveList, LosesElementsThatDie) {
  Item a('a');
  auto b = std::make_unique<Item>('b');
  IntrusiveList<Item> list;
  list.PushBack(a);
  list.PushBack(*b);
  b.reset();
  EXPECT_EQ(Names(list), "a");
}

TEST(IntrusiveList, LetsTheVisitedElementUnlinkItself) {
  Item a('a'), b('b'), c('c');
  IntrusiveList<Item> list;
  for (Item* item : {&a, &b, &c}) list.PushBack(*item);
  list.ForEach([](Item& item) {
    if (item.name == 'b') item.Unlink();
  });
  EXPECT_EQ(Names(list), "ac");
  EXPECT_FALSE(b.is_linked());
}

TEST(IntrusiveList, AppendsAnotherList) {
  Item a('a'), b('b'), c('c');
  IntrusiveList<Item> list, other;
  list.PushBack(a);
  other.PushBack(b);
  other.PushBack(c);
  list.Append(other);
  EXPECT_EQ(Names(list), "abc");
  EXPECT_TRUE(other.empty());
  list.Append(other);
  EXPECT_EQ(Names(list), "abc");
}

TEST(IntrusiveList, UnlinksItsElementsWhenItDies) {
  Item a('a');
  {
    IntrusiveList<Item> list;
    list.PushBack(a);
  }
  EXPECT_FALSE(a.is_linked());
}

}  // namespace
}  // namespace outrigger::base
