#include "source/control/directory_check.h"

#include "absl/strings/str_cat.h"
#include "source/control/cross_checks.h"
#include "source/control/resource_directory.h"

namespace outrigger::control {
namespace {

std::string Count(size_t count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

CheckReport CheckDirectory(const std::string& path) {
  CheckReport report;
  ResourceDirectory directory(path);
  const auto outcomes = directory.Read({.everything = true});
  if (!outcomes.ok()) {
    report.errors.emplace_back(outcomes.status().message());
    report.summary = absl::StrCat(path, ": not checked");
    return report;
  }
  bool has_refused_file = false;
  size_t resources = 0;
  for (const auto& outcome : *outcomes) {
    resources += outcome.resources;
    if (outcome.error.empty()) continue;
    has_refused_file = true;
    report.errors.push_back(outcome.error);
  }
  for (const std::string& duplicate : directory.duplicates()) report.errors.push_back(duplicate);
  CrossCheck cross_check = CheckReferences(*directory.snapshot());
  // What looks missing may be in a file that could not be read, so that is said, but as a warning.
  auto& missing = has_refused_file ? report.warnings : report.errors;
  missing.insert(missing.end(), cross_check.errors.begin(), cross_check.errors.end());
  report.warnings.insert(report.warnings.end(), cross_check.warnings.begin(),
                         cross_check.warnings.end());
  if (outcomes->empty()) report.warnings.push_back(absl::StrCat(path, ": holds no resource files"));
  report.summary = absl::StrCat(
      path, ": ", Count(outcomes->size(), "file"), ", ", Count(resources, "resource"), ", ",
      Count(report.errors.size(), "error"), ", ", Count(report.warnings.size(), "warning"));
  return report;
}

}  // namespace outrigger::control
