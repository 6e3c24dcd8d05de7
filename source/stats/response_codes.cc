#include "source/stats/response_codes.h"

#include <string_view>

namespace outrigger::stats {
namespace {

// The IANA registry, then nginx's 444 and 494-499, Apache's and Laravel's 419, Twitter's 420 and
// 430, AWS's 460, 463, 464 and 561, Cloudflare's 520-530, and the proxies' 598 and 599.
constexpr uint16_t kCodes[] = {
    100, 101, 102, 103, 104, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302,
    303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
    413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501,
    502, 503, 504, 505, 506, 507, 508, 510, 511, 444, 494, 495, 496, 497, 498, 499, 419, 420,
    430, 460, 463, 464, 561, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599};
constexpr size_t kClasses = 5;
constexpr size_t kLines = kClasses + std::size(kCodes);
static_assert(kLines < 256);

constexpr std::string_view kPrefix = "upstream_rq_";
using Name = std::array<char, kPrefix.size() + 3>;

constexpr Name NameWith(char first, char second, char third) {
  Name name = {};
  kPrefix.copy(name.data(), kPrefix.size());
  name[kPrefix.size()] = first;
  name[kPrefix.size() + 1] = second;
  name[kPrefix.size() + 2] = third;
  return name;
}

constexpr std::array<Name, kLines> kNames = [] {
  std::array<Name, kLines> names = {};
  for (size_t i = 0; i < kClasses; ++i) names[i] = NameWith(static_cast<char>('1' + i), 'x', 'x');
  for (size_t i = 0; i < std::size(kCodes); ++i) {
    const auto digit = [&](int divisor) {
      return static_cast<char>('0' + kCodes[i] / divisor % 10);
    };
    names[kClasses + i] = NameWith(digit(100), digit(10), digit(1));
  }
  return names;
}();

constexpr std::array<Metric, kLines> kTable = [] {
  std::array<Metric, kLines> table = {};
  for (size_t i = 0; i < kLines; ++i) {
    const std::string_view name(kNames[i].data(), kNames[i].size());
    table[i] = {.name = name, .kind = Kind::kCounter};
    if (i < kClasses) {
      table[i].family = "upstream_rq_xx";
      table[i].label = "envoy_response_code_class";
      table[i].label_value = name.substr(kPrefix.size(), 1);
    } else {
      table[i].family = "upstream_rq";
      table[i].label = "envoy_response_code";
      table[i].label_value = name.substr(kPrefix.size());
    }
  }
  return table;
}();

}  // namespace

constexpr std::array<uint8_t, 500> ResponseCodes::kLineOf = [] {
  std::array<uint8_t, 500> lines = {};
  for (size_t i = 0; i < std::size(kCodes); ++i) {
    lines[kCodes[i] - 100] = static_cast<uint8_t>(kClasses + i);
  }
  return lines;
}();

ResponseCodes::ResponseCodes(Store& store, const Scope& scope)
    : group_(store.Declare(scope, kTable)), counters_(group_->counters(0, kLines)) {}

}  // namespace outrigger::stats
