#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "source/http/head.h"
#include "source/route/path_trie.h"
#include "source/route/regex.h"
#include "source/route/route.h"

namespace outrigger::route {

// The routes of one virtual host. Exact paths and prefixes come from tries, in ascending order of
// the routes; a regex is asked only when its route stands before the best of those; the other
// conditions of a route are asked last, and where they fail the search goes on.
// Owner: a RouteTable.  Immutable; any thread.
class RouteList {
 public:
  // `host` outlives the list.
  RouteList(std::vector<RouteSpec> specs, const VirtualHost& host);

  const Route* Find(const MatchInput& input) const;

 private:
  class Search;
  struct RegexRoute {
    uint32_t route;
    Regex regex;
  };
  // From here on one pass of an automaton is cheaper than asking one by one.
  static constexpr size_t kRegexSetFrom = 9;

  std::vector<std::unique_ptr<const Route>> routes_;
  PathTrie paths_, folded_paths_;
  std::vector<RegexRoute> regexes_;            // ascending
  std::unique_ptr<const RegexSet> regex_set_;  // null: ask one by one
  std::vector<uint32_t> connects_;             // ascending
};

}  // namespace outrigger::route
