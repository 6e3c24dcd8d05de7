#include "source/stats/scope.h"

#include <utility>

#include "absl/strings/ascii.h"

namespace outrigger::stats {

Scope::Scope(std::string_view prefix, std::string_view family, std::vector<Label> labels)
    : names_(std::make_shared<const Names>(
          Names{std::string(prefix), std::string(family), std::move(labels)})) {}

Scope Scope::Child(std::string_view prefix, std::string_view family,
                   std::vector<Label> labels) const {
  std::vector<Label> all = names_->labels;
  for (Label& label : labels) all.push_back(std::move(label));
  return Scope(names_->prefix + std::string(prefix), names_->family + std::string(family),
               std::move(all));
}

std::string NamePart(std::string_view name) {
  std::string part(name);
  for (char& c : part) {
    if (c == ':' || absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = '_';
  }
  return part;
}

}  // namespace outrigger::stats
