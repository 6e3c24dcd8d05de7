#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "source/main/options.h"

namespace outrigger::main {
namespace {

std::optional<std::string> FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// cgroup v2: "<quota|max> <period>", both in microseconds.
std::optional<double> QuotaV2() {
  const auto line = FirstLine("/sys/fs/cgroup/cpu.max");
  if (!line) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(*line, ' ');
  double quota = 0, period = 0;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &quota) ||
      !absl::SimpleAtod(parts[1], &period) || period <= 0) {
    return std::nullopt;
  }
  return quota / period;
}

// cgroup v1: a quota of -1 means none.
std::optional<double> QuotaV1() {
  const auto quota_line = FirstLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const auto period_line = FirstLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!quota_line || !period_line || !absl::SimpleAtod(*quota_line, &quota) ||
      !absl::SimpleAtod(*period_line, &period) || quota <= 0 || period <= 0) {
    return std::nullopt;
  }
  return quota / period;
}

}  // namespace

uint32_t DefaultConcurrency() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const int usable = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
  auto quota = QuotaV2();
  if (!quota) quota = QuotaV1();
  const double limit = quota ? std::ceil(*quota) : usable;
  return static_cast<uint32_t>(std::clamp<double>(limit, 1, std::max(1, usable)));
}

}  // namespace outrigger::main
