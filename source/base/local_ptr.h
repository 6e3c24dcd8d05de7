#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace outrigger::base {

// A published snapshot as one worker holds it: a std::shared_ptr<const T> wrapped in a count that
// is not atomic. A stream keeps the snapshot it started with for the price of one plain increment;
// the atomic count of the shared_ptr moves only when a worker picks a snapshot up or drops it.
// Thread: one worker; never hand a LocalPtr to another thread (hand the shared_ptr).
template <typename T>
class LocalPtr {
 public:
  LocalPtr() = default;
  explicit LocalPtr(std::shared_ptr<const T> shared)
      : node_(shared ? new Node{std::move(shared), 1} : nullptr) {}
  LocalPtr(const LocalPtr& other) : node_(other.node_) {
    if (node_ != nullptr) ++node_->count;
  }
  LocalPtr(LocalPtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  LocalPtr& operator=(LocalPtr other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~LocalPtr() {
    if (node_ != nullptr && --node_->count == 0) delete node_;
  }

  const T* get() const { return node_ == nullptr ? nullptr : node_->shared.get(); }
  const T& operator*() const { return *get(); }
  const T* operator->() const { return get(); }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  struct Node {
    std::shared_ptr<const T> shared;
    uint32_t count;
  };
  Node* node_ = nullptr;
};

}  // namespace outrigger::base
