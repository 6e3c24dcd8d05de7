#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "source/extensions/http_filters/grpc_json_transcoder/path_template.h"

namespace outrigger::grpc_json_transcoder {

// Where a path matched.
struct PathMatch {
  uint32_t rule = 0;
  // Of the path, without its verb and without empty ones at its end. Views into it.
  absl::InlinedVector<std::string_view, 16> segments;
  // The raw text of a variable of the template that matched.
  std::string_view Value(const PathTemplate& path, const PathTemplate::Variable& variable) const;
};

// Finds the template that a method and a path match. A literal goes before "*", "*" before "**", at
// the first segment where they differ; a template's own HTTP method goes before "any".
// The cost depends on the path's segments, not on the number of templates. A path's text is
// compared as it is, without decoding, and "*" matches no empty segment.
// Thread: any, once filled.
class PathTrie {
 public:
  // The index of the rule that has the same pattern already, or nothing when it was added.
  // `method` "*" is any.
  [[nodiscard]] std::optional<uint32_t> Add(std::string_view method, const PathTemplate& path,
                                            uint32_t rule);
  // `knows_verbs_only`: a ':' in the last segment begins a verb only if some template has that
  // verb; otherwise always.
  std::optional<PathMatch> Find(std::string_view method, std::string_view path,
                                bool knows_verbs_only) const;

 private:
  // The rules that end at one node, by verb and method.
  class Ends {
   public:
    std::optional<uint32_t> Add(uint64_t key, uint32_t rule);
    std::optional<uint32_t> Find(uint64_t key) const;
    bool empty() const { return rules_.empty(); }

   private:
    std::vector<std::pair<uint64_t, uint32_t>> rules_;  // sorted
  };
  struct Node {
    absl::flat_hash_map<std::string, std::unique_ptr<Node>> literals;
    std::unique_ptr<Node> star;
    std::unique_ptr<Node> double_star;  // below it, literals from the path's end backwards
    Ends ends;
  };
  struct Question {
    const PathMatch& match;
    uint64_t key;      // verb and method
    uint64_t any_key;  // verb and "*"
  };

  static Node& ChildFor(Node& node, const PathTemplate::Segment& segment);
  static std::optional<uint32_t> EndAt(const Node& node, const Question& question);
  static std::optional<uint32_t> Walk(const Node& node, size_t at, const Question& question);
  static std::optional<uint32_t> WalkBack(const Node& node, size_t at, const Question& question);
  uint64_t KeyOf(std::string_view verb, std::string_view method);

  Node root_;
  absl::flat_hash_map<std::string, uint32_t> verbs_;    // from 1
  absl::flat_hash_map<std::string, uint32_t> methods_;  // from 1; 0 is none of these
};

}  // namespace outrigger::grpc_json_transcoder
