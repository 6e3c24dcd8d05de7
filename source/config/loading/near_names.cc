#include "source/config/loading/near_names.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace outrigger::loading {
namespace {

std::string Fold(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_' && c != '-') out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

// Edits from `a` to `b`, where swapping two neighbours is one edit ("prot" for "port").
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last, last, row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> NearNames(std::string_view wanted, const std::vector<std::string>& known,
                                   size_t limit) {
  constexpr size_t kLongestCompared = 256;  // bounds the work that a hostile name can cost
  if (wanted.size() > kLongestCompared) return {};
  const std::string folded = Fold(wanted);
  const size_t farthest = std::clamp<size_t>(folded.size() / 3, 1, 3);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : known) {
    const std::string candidate = Fold(name);
    const size_t gap = candidate.size() > folded.size() ? candidate.size() - folded.size()
                                                        : folded.size() - candidate.size();
    if (gap > farthest) continue;
    const size_t distance = Distance(folded, candidate);
    if (distance <= farthest) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > limit) near.resize(limit);
  std::vector<std::string> out;
  out.reserve(near.size());
  for (auto& [distance, name] : near) out.push_back(std::move(name));
  return out;
}

std::string DidYouMean(std::string_view wanted, const std::vector<std::string>& known) {
  const std::vector<std::string> near = NearNames(wanted, known, 1);
  return near.empty() ? "" : absl::StrCat(", did you mean \"", near.front(), "\"?");
}

}  // namespace outrigger::loading
