#include "source/config/place.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "source/base/text.h"

namespace outrigger::config {

using base::AbslView;

void Findings::Add(std::string line) {
  constexpr size_t kKept = 20;
  if (lines_.size() < kKept) {
    lines_.push_back(std::move(line));
  } else {
    ++dropped_;
  }
}

absl::Status Findings::ToStatus() const {
  if (lines_.empty()) return absl::OkStatus();
  std::string text = absl::StrJoin(lines_, "\n");
  if (dropped_ > 0) absl::StrAppend(&text, "\nand ", dropped_, " more");
  return absl::InvalidArgumentError(text);
}

void Place::Refuse(std::string_view what) const {
  std::string path = ToString();
  findings_.Add(path.empty() ? std::string(what) : absl::StrCat(path, ": ", AbslView(what)));
}

void Place::Refuse(const absl::Status& status) const {
  Refuse(std::string_view(status.message().data(), status.message().size()));
}

std::string Place::ToString() const {
  std::string path;
  AppendTo(path);
  return path;
}

void Place::AppendTo(std::string& path) const {
  if (kind_ == Kind::kRoot) return;
  parent_->AppendTo(path);
  if (!path.empty()) path += '.';
  path += field_;
  if (kind_ == Kind::kItem) absl::StrAppend(&path, "[", index_, "]");
  if (kind_ == Kind::kEntry) absl::StrAppend(&path, "[\"", AbslView(key_), "\"]");
}

}  // namespace outrigger::config
