#include "source/route/route_list.h"

#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace outrigger::route {
namespace {

constexpr uint32_t kNoRoute = ~uint32_t{0};

PathTrie::Kind TrieKind(PathMatch::Kind kind) {
  switch (kind) {
    case PathMatch::Kind::kExact:
      return PathTrie::Kind::kExact;
    case PathMatch::Kind::kSeparatedPrefix:
      return PathTrie::Kind::kSeparatedPrefix;
    default:
      return PathTrie::Kind::kPrefix;
  }
}

// The routes whose exact path or prefix matches, in ascending order.
class Candidates {
 public:
  void Add(absl::Span<const uint32_t> routes) {
    lists_.push_back(routes);
    if (routes.front() < lowest_) {
      lowest_ = routes.front();
      lowest_list_ = lists_.size() - 1;
    }
  }
  uint32_t lowest() const { return lowest_; }
  void Pop() {
    lists_[lowest_list_].remove_prefix(1);
    lowest_ = kNoRoute;
    for (size_t i = 0; i < lists_.size(); ++i) {
      if (lists_[i].empty() || lists_[i].front() >= lowest_) continue;
      lowest_ = lists_[i].front();
      lowest_list_ = i;
    }
  }

 private:
  absl::InlinedVector<absl::Span<const uint32_t>, 8> lists_;
  uint32_t lowest_ = kNoRoute;
  size_t lowest_list_ = 0;
};

}  // namespace

RouteList::RouteList(std::vector<RouteSpec> specs, const VirtualHost& host) {
  std::vector<PathTrie::Pattern> paths, folded_paths;
  routes_.reserve(specs.size());
  for (RouteSpec& spec : specs) {
    const uint32_t number = static_cast<uint32_t>(routes_.size());
    const PathMatch& path = spec.path;
    if (path.kind == PathMatch::Kind::kConnect) {
      connects_.push_back(number);
    } else if (path.kind == PathMatch::Kind::kRegex) {
      regexes_.push_back({number, *path.regex});
    } else {
      (path.case_sensitive ? paths : folded_paths)
          .push_back({path.text, TrieKind(path.kind), number});
    }
    routes_.push_back(std::make_unique<const Route>(std::move(spec), host));
  }
  paths_ = PathTrie::Build(std::move(paths), /*ignore_case=*/false);
  folded_paths_ = PathTrie::Build(std::move(folded_paths), /*ignore_case=*/true);
  if (regexes_.size() >= kRegexSetFrom) {
    std::vector<Regex> patterns;
    for (const RegexRoute& route : regexes_) patterns.push_back(route.regex);
    regex_set_ = RegexSet::Build(patterns);
  }
}

// The regex routes that match one path, in ascending order, found out as late as possible.
class RouteList::Search {
 public:
  Search(const RouteList& list, std::string_view path) : list_(list), path_(path) {}

  // The next matching regex route below `bound`, or kNoRoute.
  uint32_t NextBelow(uint32_t bound) {
    while (next_ < list_.regexes_.size() && list_.regexes_[next_].route < bound) {
      const size_t candidate = next_++;
      if (Matches(candidate)) return list_.regexes_[candidate].route;
    }
    return kNoRoute;
  }

 private:
  bool Matches(size_t candidate) {
    if (list_.regex_set_ != nullptr && !asked_set_) {
      asked_set_ = true;
      has_set_result_ = list_.regex_set_->FullMatches(path_, set_result_);
    }
    if (!has_set_result_) return list_.regexes_[candidate].regex.FullMatch(path_);
    // Candidates ascend, and so do the results.
    while (result_at_ < set_result_.size() &&
           static_cast<size_t>(set_result_[result_at_]) < candidate) {
      ++result_at_;
    }
    return result_at_ < set_result_.size() &&
           static_cast<size_t>(set_result_[result_at_]) == candidate;
  }

  const RouteList& list_;
  const std::string_view path_;
  size_t next_ = 0;
  bool asked_set_ = false;
  bool has_set_result_ = false;
  std::vector<int> set_result_;
  size_t result_at_ = 0;
};

const Route* RouteList::Find(const MatchInput& input) const {
  const http::RequestHead& head = input.head;
  if (head.method == http::Method::kConnect && head.target.empty()) {
    for (const uint32_t number : connects_) {
      if (routes_[number]->ConditionsHold(input)) return routes_[number].get();
    }
    return nullptr;
  }
  const std::string_view path = head.path();
  Candidates candidates;
  const auto add = [&](absl::Span<const uint32_t> routes) { candidates.Add(routes); };
  paths_.Walk(path, add);
  folded_paths_.Walk(path, add);
  Search regexes(*this, path);
  for (;; candidates.Pop()) {
    const uint32_t lowest = candidates.lowest();
    for (uint32_t number; (number = regexes.NextBelow(lowest)) != kNoRoute;) {
      if (routes_[number]->ConditionsHold(input)) return routes_[number].get();
    }
    if (lowest == kNoRoute) return nullptr;
    if (routes_[lowest]->ConditionsHold(input)) return routes_[lowest].get();
  }
}

}  // namespace outrigger::route
