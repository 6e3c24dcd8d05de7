#include "source/extensions/http_filters/grpc_json_transcoder/path_trie.h"

#include <algorithm>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

constexpr uint32_t kAnyMethod = 0xffffffff;

uint64_t Key(uint32_t verb, uint32_t method) { return uint64_t{verb} << 32 | method; }

void Split(std::string_view path, absl::InlinedVector<std::string_view, 16>& out) {
  path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
}

}  // namespace

std::string_view PathMatch::Value(const PathTemplate& path,
                                  const PathTemplate::Variable& variable) const {
  const std::optional<size_t> star = path.double_star();
  // "**" stands for as many segments as the path has more than the template, and one.
  const auto place = [&](size_t index) {
    return star && index > *star ? index + segments.size() - path.segments.size() : index;
  };
  const size_t begin = place(variable.begin), end = place(variable.end);
  if (begin >= end) return {};
  const char* first = segments[begin].data();
  const std::string_view last = segments[end - 1];
  return {first, static_cast<size_t>(last.data() + last.size() - first)};
}

std::optional<uint32_t> PathTrie::Ends::Add(uint64_t key, uint32_t rule) {
  const auto at = std::lower_bound(rules_.begin(), rules_.end(), std::pair(key, uint32_t{0}));
  if (at != rules_.end() && at->first == key) return at->second;
  rules_.emplace(at, key, rule);
  return std::nullopt;
}

std::optional<uint32_t> PathTrie::Ends::Find(uint64_t key) const {
  const auto at = std::lower_bound(rules_.begin(), rules_.end(), std::pair(key, uint32_t{0}));
  if (at == rules_.end() || at->first != key) return std::nullopt;
  return at->second;
}

uint64_t PathTrie::KeyOf(std::string_view verb, std::string_view method) {
  uint32_t verb_number = 0;
  if (!verb.empty()) {
    verb_number = verbs_.try_emplace(std::string(verb), verbs_.size() + 1).first->second;
  }
  if (method == "*") return Key(verb_number, kAnyMethod);
  return Key(verb_number,
             methods_.try_emplace(std::string(method), methods_.size() + 1).first->second);
}

PathTrie::Node& PathTrie::ChildFor(Node& node, const PathTemplate::Segment& segment) {
  std::unique_ptr<Node>& child = segment.kind == PathTemplate::Kind::kLiteral
                                     ? node.literals[segment.literal]
                                 : segment.kind == PathTemplate::Kind::kStar ? node.star
                                                                             : node.double_star;
  if (child == nullptr) child = std::make_unique<Node>();
  return *child;
}

std::optional<uint32_t> PathTrie::Add(std::string_view method, const PathTemplate& path,
                                      uint32_t rule) {
  Node* node = &root_;
  const size_t front = path.double_star().value_or(path.segments.size());
  for (size_t i = 0; i < front; ++i) node = &ChildFor(*node, path.segments[i]);
  if (front < path.segments.size()) {
    node = &ChildFor(*node, path.segments[front]);
    for (size_t i = path.segments.size(); --i > front;) node = &ChildFor(*node, path.segments[i]);
  }
  return node->ends.Add(KeyOf(path.verb, method), rule);
}

std::optional<PathMatch> PathTrie::Find(std::string_view method, std::string_view path,
                                        bool knows_verbs_only) const {
  if (path.empty() || path.front() != '/') return std::nullopt;
  uint32_t verb = 0;
  const size_t colon = path.find_last_of(":/");
  if (path[colon] == ':') {
    const auto known = verbs_.find(base::AbslView(path.substr(colon + 1)));
    if (known != verbs_.end()) {
      verb = known->second;
      path = path.substr(0, colon);
    } else if (!knows_verbs_only) {
      return std::nullopt;  // a verb that no template has
    }
  }
  PathMatch match;
  Split(path, match.segments);
  const auto known = methods_.find(base::AbslView(method));
  const Question question = {.match = match,
                             .key = Key(verb, known == methods_.end() ? 0 : known->second),
                             .any_key = Key(verb, kAnyMethod)};
  const std::optional<uint32_t> rule = Walk(root_, 0, question);
  if (!rule) return std::nullopt;
  match.rule = *rule;
  return match;
}

std::optional<uint32_t> PathTrie::EndAt(const Node& node, const Question& question) {
  if (node.ends.empty()) return std::nullopt;
  const std::optional<uint32_t> exact = node.ends.Find(question.key);
  return exact ? exact : node.ends.Find(question.any_key);
}

// Recursion is as deep as the deepest template, 64.
std::optional<uint32_t> PathTrie::Walk(const Node& node, size_t at, const Question& question) {
  const auto& segments = question.match.segments;
  if (at == segments.size()) {
    if (const auto rule = EndAt(node, question)) return rule;
  } else {
    const auto literal = node.literals.find(base::AbslView(segments[at]));
    if (literal != node.literals.end()) {
      if (const auto rule = Walk(*literal->second, at + 1, question)) return rule;
    }
    if (node.star != nullptr && !segments[at].empty()) {
      if (const auto rule = Walk(*node.star, at + 1, question)) return rule;
    }
  }
  return node.double_star == nullptr ? std::nullopt : WalkBack(*node.double_star, at, question);
}

// Follows the path from its end, no further than segment `at`; the longest tail wins.
std::optional<uint32_t> PathTrie::WalkBack(const Node& node, size_t at, const Question& question) {
  const auto& segments = question.match.segments;
  std::optional<uint32_t> best = EndAt(node, question);
  const Node* tail = &node;
  for (size_t i = segments.size(); i > at; --i) {
    const auto literal = tail->literals.find(base::AbslView(segments[i - 1]));
    if (literal == tail->literals.end()) break;
    tail = literal->second.get();
    if (const auto rule = EndAt(*tail, question)) best = rule;
  }
  return best;
}

}  // namespace outrigger::grpc_json_transcoder
