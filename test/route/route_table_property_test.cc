// Random tables and random requests: the compiled table finds what asking each route in turn finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "test/route/reference_match.h"
#include "test/route/request.h"

namespace outrigger::route {
namespace {

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  // Few letters and short, so that prefixes nest and collide.
  std::string Path() {
    std::string path = "/";
    for (size_t n = Below(7); n > 0; --n) path += "ab/AB"[Below(5)];
    return path;
  }
  std::string Host() {
    static const char* const kHosts[] = {"a.b", "a.b.c", "x.b.c", "A.B",
                                         "b",   "x-b.c", "a.x",   ".b.c"};
    return kHosts[Below(std::size(kHosts))];
  }
  std::string Domain() {
    static const char* const kDomains[] = {"a.b",   "A.b.C", "*.b.c", "*.c", "*-b.c",
                                           "a.b.*", "a.*",   "*b.c",  "b",   "x*"};
    return kDomains[Below(std::size(kDomains))];
  }
  PathMatch Match() {
    PathMatch match;
    match.case_sensitive = !OneIn(4);
    match.text = Path();
    switch (Below(8)) {
      case 0:
        match.kind = PathMatch::Kind::kConnect;
        break;
      case 1:
        match.kind = PathMatch::Kind::kRegex;
        match.regex = *Regex::Compile(OneIn(2) ? match.text + ".*" : ".*" + match.text.substr(1));
        break;
      case 2:
        while (match.text.ends_with('/')) match.text.pop_back();
        match.kind =
            match.text.empty() ? PathMatch::Kind::kPrefix : PathMatch::Kind::kSeparatedPrefix;
        break;
      case 3:
      case 4:
        match.kind = PathMatch::Kind::kExact;
        break;
      default:
        match.kind = PathMatch::Kind::kPrefix;
    }
    return match;
  }

 private:
  std::mt19937 random_;
};

ReferenceHost RandomHost(Dice& dice, std::vector<std::string>& taken) {
  ReferenceHost host;
  for (size_t n = 1 + dice.Below(3); n > 0; --n) {
    const std::string domain = dice.Domain();
    if (std::find(taken.begin(), taken.end(), domain) != taken.end()) continue;
    taken.push_back(domain);
    host.domains.push_back(domain);
  }
  for (size_t n = dice.Below(40); n > 0; --n) {
    ReferenceRoute& route = host.routes.emplace_back();
    route.path = dice.Match();
    if (dice.OneIn(3)) route.header_x = dice.OneIn(2) ? "1" : "2";
  }
  return host;
}

ReferenceTable RandomTable(Dice& dice) {
  ReferenceTable table;
  std::vector<std::string> taken;
  for (size_t hosts = 1 + dice.Below(4); hosts > 0; --hosts) {
    ReferenceHost host = RandomHost(dice, taken);
    if (!host.domains.empty()) table.push_back(std::move(host));
  }
  if (dice.OneIn(2)) table.back().domains.push_back("*");
  return table;
}

TEST(RouteTableProperty, FindsWhatALinearSearchFinds) {
  size_t matches = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    const ReferenceTable reference = RandomTable(dice);
    const auto table = RouteTable::Compile(ToSpec(reference));
    ASSERT_TRUE(table.ok()) << table.status();
    for (int i = 0; i < 50; ++i) {
      Request request = Request::To(dice.Host(), dice.Path() + (dice.OneIn(3) ? "?q=/a" : ""));
      if (dice.OneIn(2)) request.head.headers.AddCopy("x", dice.OneIn(2) ? "1" : "2");
      if (dice.OneIn(10)) {
        request.head.method = http::Method::kConnect;
        request.head.target = "";
      }
      const Route* found = (*table)->Find({.head = request.head});
      const std::string expected = FindLinearly(reference, request.head);
      ASSERT_EQ(found == nullptr ? "" : found->spec().name, expected)
          << "seed " << seed << ": " << request.head.authority() << request.head.target;
      if (found != nullptr) ++matches;
    }
  }
  EXPECT_GT(matches, 5000u);  // the tables are not trivially empty
}

}  // namespace
}  // namespace outrigger::route
