#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outrigger::stats {

enum class Kind : uint8_t { kCounter, kGauge, kHistogram, kText };

// One line of a static table: a statistic that every scope of some sort has, such as
// `{"upstream_rq_total", Kind::kCounter}` for clusters. The strings are literals.
// Where Envoy takes a part of the name out into a Prometheus label, the line says what is left and
// what was taken: `{"upstream_rq_2xx", Kind::kCounter, "upstream_rq_xx",
// "envoy_response_code_class", "2"}`.
struct Metric {
  std::string_view name;
  Kind kind = Kind::kCounter;
  std::string_view family = {};  // empty: the same as name
  std::string_view label = {};
  std::string_view label_value = {};

  constexpr std::string_view family_name() const { return family.empty() ? name : family; }
};

// The position of `name` in a table, found by the compiler; a name that is not there does not
// compile. `static constexpr size_t kTotal = stats::IndexOf(kClusterTable, "upstream_rq_total");`
template <typename Table>
consteval size_t IndexOf(const Table& table, std::string_view name) {
  size_t at = 0;
  while (table[at].name != name) ++at;  // past the end: not a constant expression
  return at;
}

struct Label {
  std::string name;
  std::string value;
  bool operator==(const Label&) const = default;
};

// What the full names of a group of statistics begin with, in both forms:
//   `cluster.backend.`                            in text and JSON,
//   `envoy_cluster_` + {envoy_cluster_name="backend"}  for Prometheus.
// A cheap value: copies share the strings. Thread: any.
// The scopes that Envoy has are in envoy_scopes.h.
class Scope {
 public:
  // `prefix` as `cluster.backend.`, with the final dot; `family` the same with what became labels
  // left out: `cluster.`.
  Scope(std::string_view prefix, std::string_view family, std::vector<Label> labels = {});

  // A scope below this one: prefixes are appended, labels are added.
  Scope Child(std::string_view prefix, std::string_view family,
              std::vector<Label> labels = {}) const;

  std::string_view prefix() const { return names_->prefix; }
  std::string_view family() const { return names_->family; }
  const std::vector<Label>& labels() const { return names_->labels; }

 private:
  struct Names {
    std::string prefix;
    std::string family;
    std::vector<Label> labels;
  };
  std::shared_ptr<const Names> names_;
};

// `name` as one part of a statistic's name: colons and control characters become underscores, as
// Envoy does (`[::1]:80` is `[__1]_80`).
std::string NamePart(std::string_view name);

}  // namespace outrigger::stats
