#include "source/stats/listing.h"

#include <algorithm>
#include <string>
#include <vector>

namespace outrigger::stats {
namespace {

// The admitted names of some groups, one behind the other in a single string.
class Names {
 public:
  void Clear() {
    text_.clear();
    entries_.clear();
  }

  void Add(const Group& group, const Selection& selection, std::initializer_list<Kind> kinds) {
    for (size_t at = 0; at < group.table().size(); ++at) {
      const Metric& metric = group.table()[at];
      if (std::find(kinds.begin(), kinds.end(), metric.kind) == kinds.end()) continue;
      const size_t begin = text_.size();
      text_.append(group.scope().prefix()).append(metric.name);
      const std::string_view all = text_;
      if (selection.Admits(all.substr(begin), group, at)) {
        entries_.push_back({begin, text_.size() - begin, &group, at});
      } else {
        text_.resize(begin);
      }
    }
  }

  void ShowSorted(absl::FunctionRef<void(std::string_view, const Group& group, size_t at)> see) {
    std::sort(entries_.begin(), entries_.end(),
              [this](const Entry& a, const Entry& b) { return NameOf(a) < NameOf(b); });
    for (const Entry& entry : entries_) see(NameOf(entry), *entry.group, entry.at);
  }

 private:
  struct Entry {
    size_t begin;
    size_t size;
    const Group* group;
    size_t at;
  };
  std::string_view NameOf(const Entry& entry) const {
    const std::string_view all = text_;
    return all.substr(entry.begin, entry.size);
  }

  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace

bool Selection::Admits(std::string_view name, const Group& group, size_t at) const {
  if (kind.has_value() && *kind != group.table()[at].kind) return false;
  if (used_only && !group.IsUsed(at)) return false;
  return !admits || admits(name);
}

void ForEachMetric(
    std::span<const GroupPtr> groups, const Selection& selection, std::initializer_list<Kind> kinds,
    absl::FunctionRef<void(std::string_view name, const Group& group, size_t at)> see) {
  Names names;
  // Groups come sorted by prefix. Names under two prefixes sort as the prefixes do, unless one
  // prefix begins with the other (`http.in.` and `http.in.rds.x.`): those are sorted together.
  for (size_t begin = 0; begin < groups.size();) {
    const std::string_view root = groups[begin]->scope().prefix();
    names.Clear();
    size_t end = begin;
    for (; end < groups.size() && groups[end]->scope().prefix().starts_with(root); ++end) {
      names.Add(*groups[end], selection, kinds);
    }
    names.ShowSorted(see);
    begin = end;
  }
}

}  // namespace outrigger::stats
