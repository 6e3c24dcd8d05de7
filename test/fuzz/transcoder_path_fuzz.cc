// Lines: path templates, then a path. The trie must find the template that a search through all of
// them finds: by comparing segment for segment, the more exact one first.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/extensions/http_filters/grpc_json_transcoder/path_template.h"
#include "source/extensions/http_filters/grpc_json_transcoder/path_trie.h"
#include "source/extensions/http_filters/grpc_json_transcoder/percent.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using Segments = std::vector<std::string_view>;
using Kind = PathTemplate::Kind;

bool MatchesOne(const PathTemplate::Segment& segment, std::string_view text) {
  return segment.kind == Kind::kStar ? !text.empty() : segment.literal == text;
}

bool Matches(const PathTemplate& path, const Segments& segments) {
  const std::optional<size_t> star = path.double_star();
  const size_t front = star.value_or(path.segments.size());
  const size_t back = star ? path.segments.size() - front - 1 : 0;
  if (star ? segments.size() < front + back : segments.size() != front) return false;
  for (size_t i = 0; i < front; ++i) {
    if (!MatchesOne(path.segments[i], segments[i])) return false;
  }
  for (size_t i = 0; i < back; ++i) {
    if (!MatchesOne(path.segments[path.segments.size() - 1 - i],
                    segments[segments.size() - 1 - i])) {
      return false;
    }
  }
  return true;
}

// Whether `a` goes before `b`, both of which match.
bool IsMoreExact(const PathTemplate& a, const PathTemplate& b) {
  const auto front = [](const PathTemplate& path) {
    return path.double_star().value_or(path.segments.size());
  };
  for (size_t i = 0; i < std::min(front(a), front(b)); ++i) {
    if (a.segments[i].kind != b.segments[i].kind) return a.segments[i].kind < b.segments[i].kind;
  }
  if (front(a) != front(b)) return front(a) > front(b);
  // A template that ends here goes before one whose "**" stands for nothing.
  const bool a_has_star = a.double_star().has_value();
  if (a_has_star != b.double_star().has_value()) return !a_has_star;
  return a.segments.size() > b.segments.size();  // the longer tail
}

Segments Split(std::string_view path) {
  Segments out;
  while (true) {
    path.remove_prefix(1);
    const size_t slash = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, slash));
    path.remove_prefix(slash);
    if (path.empty()) break;
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

// Which template holds, by looking at all; with the verb rule of PathTrie::Find.
std::optional<uint32_t> Search(const std::vector<PathTemplate>& paths, std::string_view path) {
  std::string_view verb;
  const size_t colon = path.find_last_of(":/");
  for (const PathTemplate& candidate : paths) {
    if (path[colon] == ':' && !candidate.verb.empty() && candidate.verb == path.substr(colon + 1)) {
      verb = path.substr(colon + 1);
    }
  }
  if (!verb.empty()) path = path.substr(0, colon);
  const Segments segments = Split(path);
  std::optional<uint32_t> best;
  for (uint32_t i = 0; i < paths.size(); ++i) {
    if (paths[i].verb != verb || !Matches(paths[i], segments)) continue;
    if (!best || IsMoreExact(paths[i], paths[*best])) best = i;
  }
  return best;
}

void Run(std::string_view text) {
  PathTrie trie;
  std::vector<PathTemplate> paths;
  size_t end;
  while (paths.size() < 50 && (end = text.find('\n')) != std::string_view::npos) {
    auto path = PathTemplate::Parse(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (path.ok() && !trie.Add("GET", *path, paths.size())) paths.push_back(*std::move(path));
  }
  const auto found = trie.Find("GET", text, true);
  if (!text.starts_with('/')) {
    if (found) std::abort();
    return;
  }
  const auto expected = Search(paths, text);
  if (found.has_value() != expected.has_value()) std::abort();
  if (!found) return;
  if (found->rule != *expected) std::abort();
  for (const PathTemplate::Variable& variable : paths[found->rule].variables) {
    const std::string_view value = found->Value(paths[found->rule], variable);
    if (!value.empty() &&
        (value.data() < text.data() || value.data() + value.size() > text.data() + text.size())) {
      std::abort();
    }
    for (const Unescape unescape :
         {Unescape::kAll, Unescape::kAllButSlash, Unescape::kAllButReserved}) {
      const auto decoded = PercentDecode(value, unescape);
      if (decoded && decoded->size() > value.size()) std::abort();
    }
  }
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::grpc_json_transcoder::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
