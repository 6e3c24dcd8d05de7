#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace outrigger::config {

// What is wrong with one resource, a line each: `path: what is wrong, got value; way out`.
// Owner: the call that compiles the resource.  Thread: one.
// Limits: keeps the first 20 lines and counts the others.
class Findings {
 public:
  void Add(std::string line);
  size_t size() const { return lines_.size() + dropped_; }
  // OK when there are none.
  absl::Status ToStatus() const;

 private:
  std::vector<std::string> lines_;
  size_t dropped_ = 0;
};

// A place inside a resource, `virtual_hosts[2].routes[0].match`. It costs nothing until something
// is wrong there: the path is put together only then.
// Lifetime: borrows its parent and the text of its step; each place is a local variable below its
// parent's.
class Place {
 public:
  explicit Place(Findings& findings) : findings_(findings) {}

  Place At(std::string_view field) const& { return Place(*this, field, Kind::kField); }
  Place At(std::string_view field, int index) const& {
    return Place(*this, field, Kind::kItem, index);
  }
  Place At(std::string_view field, std::string_view key) const& {
    return Place(*this, field, Kind::kEntry, 0, key);
  }
  Place At(std::string_view) const&& = delete;  // its parent would be gone
  Place At(std::string_view, int) const&& = delete;
  Place At(std::string_view, std::string_view) const&& = delete;

  // `what` begins with what is wrong, without the path.
  void Refuse(std::string_view what) const;
  void Refuse(const absl::Status& status) const;
  std::string ToString() const;
  Findings& findings() const { return findings_; }

 private:
  enum class Kind : uint8_t { kRoot, kField, kItem, kEntry };
  Place(const Place& parent, std::string_view field, Kind kind, int index = 0,
        std::string_view key = {})
      : findings_(parent.findings_),
        parent_(&parent),
        kind_(kind),
        index_(index),
        field_(field),
        key_(key) {}
  void AppendTo(std::string& path) const;

  Findings& findings_;
  const Place* parent_ = nullptr;
  Kind kind_ = Kind::kRoot;
  int index_ = 0;
  std::string_view field_;
  std::string_view key_;
};

}  // namespace outrigger::config
