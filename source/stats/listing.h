#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "source/stats/scope.h"
#include "source/stats/store.h"

namespace outrigger::stats {

// Which statistics somebody wants to see.
struct Selection {
  // Asked about the full name; null admits all. The caller brings the regular expressions.
  absl::AnyInvocable<bool(std::string_view name) const> admits;
  // Only what was written at least once.
  bool used_only = false;
  std::optional<Kind> kind;

  bool Admits(std::string_view name, const Group& group, size_t at) const;
};

// Shows what `selection` admits of `kinds`, sorted by full name. Memory: the names of one subtree
// of groups at a time, not of the whole store. `name` is valid during the call.
void ForEachMetric(
    std::span<const GroupPtr> groups, const Selection& selection, std::initializer_list<Kind> kinds,
    absl::FunctionRef<void(std::string_view name, const Group& group, size_t at)> see);

}  // namespace outrigger::stats
