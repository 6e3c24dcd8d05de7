#include "source/route/path_trie.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"

namespace outrigger::route {

// A node still to be filled: the patterns [first, end) all start with the same `depth` bytes.
struct PathTrie::Pending {
  uint32_t node;
  size_t first, end, depth;
};

PathTrie PathTrie::Build(std::vector<Pattern> patterns, bool ignore_case) {
  PathTrie trie;
  trie.ignore_case_ = ignore_case;
  if (patterns.empty()) return trie;
  if (ignore_case) {
    for (Pattern& pattern : patterns) absl::AsciiStrToLower(&pattern.text);
  }
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& a, const Pattern& b) {
    return a.text != b.text ? a.text < b.text : a.route < b.route;
  });
  trie.nodes_.emplace_back();
  trie.first_bytes_.push_back('\0');
  // Breadth first, so that siblings are neighbours; not recursive, so that the depth of a hostile
  // configuration costs no stack.
  std::vector<Pending> queue = {{0, 0, patterns.size(), 0}};
  for (size_t next = 0; next < queue.size(); ++next) {
    const Pending pending = queue[next];
    trie.FillNode(pending, patterns, queue);
  }
  return trie;
}

void PathTrie::FillNode(const Pending& pending, absl::Span<const Pattern> patterns,
                        std::vector<Pending>& queue) {
  const std::string& first = patterns[pending.first].text;
  const std::string& last = patterns[pending.end - 1].text;
  // Sorted: what the first and the last share, all share.
  const size_t shared = static_cast<size_t>(
      std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first - first.begin());

  Node& node = nodes_[pending.node];  // until there are more
  node.label_begin = static_cast<uint32_t>(labels_.size());
  node.label_size = static_cast<uint32_t>(shared - pending.depth);
  labels_.append(first, pending.depth, node.label_size);
  if (node.label_size <= kInlineBytes) {
    labels_.copy(node.label, node.label_size, node.label_begin);
  }

  size_t at = pending.first;
  while (at < pending.end && patterns[at].text.size() == shared) ++at;
  FillRoutes(node, patterns.subspan(pending.first, at - pending.first));

  node.children_begin = static_cast<uint32_t>(nodes_.size());
  while (at < pending.end) {
    const char byte = patterns[at].text[shared];
    size_t end = at;
    while (end < pending.end && patterns[end].text[shared] == byte) ++end;
    queue.push_back({static_cast<uint32_t>(nodes_.size()), at, end, shared + 1});
    nodes_.emplace_back();
    first_bytes_.push_back(byte);
    at = end;
  }
  FillChoices(nodes_[pending.node]);
}

void PathTrie::FillChoices(Node& node) {
  node.children_count = static_cast<uint32_t>(nodes_.size()) - node.children_begin;
  if (node.children_count <= kInlineBytes) {
    first_bytes_.copy(node.choices, node.children_count, node.children_begin);
  }
}

void PathTrie::FillRoutes(Node& node, absl::Span<const Pattern> here) {
  const auto append = [&](Kind kind) {
    for (const Pattern& pattern : here) {
      if (pattern.kind == kind) routes_.push_back(pattern.route);
    }
    return static_cast<uint32_t>(routes_.size());
  };
  node.routes_begin = static_cast<uint32_t>(routes_.size());
  node.prefix_end = append(Kind::kPrefix);
  node.exact_end = append(Kind::kExact);
  node.separated_end = append(Kind::kSeparatedPrefix);
}

bool PathTrie::LabelMatches(const Node& node, std::string_view rest) const {
  const char* begin =
      node.label_size <= kInlineBytes ? node.label : labels_.data() + node.label_begin;
  const std::string_view label(begin, node.label_size);
  if (!ignore_case_) return rest.starts_with(label);
  return rest.size() >= label.size() &&
         std::equal(label.begin(), label.end(), rest.begin(),
                    [this](char ours, char theirs) { return ours == Fold(theirs); });
}

uint32_t PathTrie::Child(const Node& node, char byte) const {
  const char* bytes = node.children_count <= kInlineBytes
                          ? node.choices
                          : first_bytes_.data() + node.children_begin;
  const void* found = std::memchr(bytes, Fold(byte), node.children_count);
  if (found == nullptr) return kNone;
  return node.children_begin + static_cast<uint32_t>(static_cast<const char*>(found) - bytes);
}

}  // namespace outrigger::route
