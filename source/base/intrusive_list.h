#pragma once

#include "source/base/check.h"

namespace outrigger::base {

// A link of an IntrusiveList: derive from it (or from several, told apart by Tag) to be listed.
// Unlinks itself when destroyed. Linking and unlinking are O(1) and allocate nothing.
template <typename Tag = void>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { Unlink(); }

  bool is_linked() const { return next_ != nullptr; }
  void Unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T, typename ListTag>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
};

// A doubly linked list of objects that carry their own links. Does not own its elements.
// Thread: one.
template <typename T, typename Tag = void>
class IntrusiveList {
 public:
  using Link = ListLink<Tag>;
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    while (!empty()) front().Link::Unlink();
    head_.next_ = head_.previous_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return *static_cast<T*>(head_.next_); }
  T& back() { return *static_cast<T*>(head_.previous_); }
  void PushBack(T& element) { InsertBefore(head_, element); }
  void PushFront(T& element) { InsertBefore(*head_.next_, element); }

  // Moves all elements of `other` behind ours, in their order.
  void Append(IntrusiveList& other) {
    if (other.empty()) return;
    Link* first = other.head_.next_;
    Link* last = other.head_.previous_;
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }

  // Calls visit(T&) for each element; the visited element may unlink itself.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (Link* at = head_.next_; at != &head_;) {
      Link* next = at->next_;
      visit(*static_cast<T*>(at));
      at = next;
    }
  }

 private:
  static void InsertBefore(Link& at, Link& element) {
    DCHECK(!element.is_linked());
    element.next_ = &at;
    element.previous_ = at.previous_;
    at.previous_->next_ = &element;
    at.previous_ = &element;
  }
  Link head_;
};

}  // namespace outrigger::base
