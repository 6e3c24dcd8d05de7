#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace outrigger::route {

// A compiled regular expression (RE2: time linear in the text, whatever the pattern). A cheap copy.
// Immutable; any thread.
class Regex {
 public:
  // Patterns above this many RE2 instructions are refused: each costs memory in every table.
  static constexpr int kMaxProgramSize = 32768;
  static absl::StatusOr<Regex> Compile(std::string_view pattern);

  const std::string& pattern() const;
  // Whether all of `text` matches.
  bool FullMatch(std::string_view text) const;
  // Whether some part of `text` matches.
  bool Search(std::string_view text) const;

 private:
  friend class RegexSubstitution;
  explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

// "Replace every match of this by that"; \0 to \9 in the substitution are the groups.
class RegexSubstitution {
 public:
  static absl::StatusOr<RegexSubstitution> Compile(std::string_view pattern,
                                                   std::string_view substitution);
  std::string ReplaceAll(std::string_view text) const;

 private:
  RegexSubstitution(Regex regex, std::string substitution)
      : regex_(std::move(regex)), substitution_(std::move(substitution)) {}
  Regex regex_;
  std::string substitution_;
};

// Many patterns in one automaton: one pass over a text tells which of them match all of it.
// Immutable after Build; any thread.
class RegexSet {
 public:
  // Null when the patterns are too many for one automaton: then ask them one by one.
  static std::unique_ptr<const RegexSet> Build(const std::vector<Regex>& patterns);
  ~RegexSet();

  // Appends the matching patterns' positions, ascending; false when the automaton ran out of memory
  // on this text: then ask them one by one.
  [[nodiscard]] bool FullMatches(std::string_view text, std::vector<int>& matching) const;

 private:
  class Automaton;
  explicit RegexSet(std::unique_ptr<const Automaton> automaton);
  std::unique_ptr<const Automaton> automaton_;
};

}  // namespace outrigger::route
