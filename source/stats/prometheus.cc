#include "source/stats/prometheus.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "source/stats/histogram_bounds.h"

namespace outrigger::stats {
namespace {

// Words that `promtool check metrics` (promlint) refuses as a part of a name: abbreviated units,
// units that are not base units, and the types.
constexpr std::string_view kRefusedWords[] = {
    "s",       "ms",         "us",      "ns",       "sec",     "b",         "kb",      "mb",
    "gb",      "tb",         "pb",      "m",        "h",       "d",         "days",    "hours",
    "minutes", "weeks",      "bits",    "calories", "ounces",  "pounds",    "inches",  "miles",
    "yards",   "fahrenheit", "kelvins", "gauge",    "counter", "histogram", "summary", "rankine"};
constexpr std::string_view kUnits[] = {"seconds", "bytes",   "grams", "joules",  "meters",
                                       "metres",  "amperes", "volts", "celsius", "kelvin",
                                       "bits",    "minutes", "hours", "days",    "weeks"};
constexpr std::string_view kUnitPrefixes[] = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                              "deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
                                              "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};

bool IsPrefixedUnit(std::string_view word) {
  for (std::string_view prefix : kUnitPrefixes) {
    if (!word.starts_with(prefix)) continue;
    const std::string_view rest = word.substr(prefix.size());
    if (std::find(std::begin(kUnits), std::end(kUnits), rest) != std::end(kUnits)) return true;
  }
  return false;
}

bool IsRefused(std::string_view word) {
  return std::find(std::begin(kRefusedWords), std::end(kRefusedWords), word) !=
             std::end(kRefusedWords) ||
         IsPrefixedUnit(word);
}

// `name` without the words that promtool refuses; the first word, `envoy`, stays.
std::string WithoutRefusedWords(std::string_view name) {
  std::string kept;
  while (!name.empty()) {
    const size_t end = std::min(name.find('_', 1), name.size());
    const std::string_view word = name.substr(0, end);  // with the underscore before it
    if (kept.empty() || !IsRefused(word.substr(1))) kept += word;
    name.remove_prefix(end);
  }
  return kept;
}

// `envoy_` and the two parts of a dotted name with everything but letters and digits as `_`.
std::string FamilyName(std::string_view family, std::string_view metric, Flavor flavor) {
  std::string name = "envoy_";
  name.append(family).append(metric);
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
    if (flavor == Flavor::kPromtool) c = absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return flavor == Flavor::kPromtool ? WithoutRefusedWords(name) : name;
}

// The groups that share a table and a family prefix: all clusters, say.
using Siblings = std::vector<const Group*>;

// All series of one name.
struct Family {
  struct Line {
    const Siblings* siblings;
    size_t at;  // in their table
  };
  std::vector<Line> lines;
  Kind kind = Kind::kCounter;
  bool is_mixed = false;  // counters and gauges under one name
  std::string help;

  void Add(const Siblings& siblings, size_t at, const Metric& metric) {
    if (lines.empty()) {
      kind = metric.kind;
      help = siblings.front()->scope().family();
      help += metric.family_name();
    }
    is_mixed |= kind != metric.kind;
    lines.push_back({&siblings, at});
  }
};

std::string_view TypeOf(std::string_view name, const Family& family, Flavor flavor) {
  if (family.kind == Kind::kHistogram) return "histogram";
  const bool is_counter = family.kind == Kind::kCounter;
  const bool is_total = name.ends_with("_total");
  const bool is_reserved =
      name.ends_with("_count") || name.ends_with("_sum") || name.ends_with("_bucket");
  if (flavor == Flavor::kPromtool && (is_counter != is_total || is_reserved)) return "untyped";
  if (family.is_mixed) return "untyped";
  return is_counter ? "counter" : "gauge";
}

std::string_view WordFor(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "Counter";
    case Kind::kGauge:
      return "Gauge";
    case Kind::kHistogram:
      return "Histogram";
    case Kind::kText:
      break;
  }
  return "Text";
}

// Escapes a label's value, or (`quote` off) a HELP text.
void WriteEscaped(std::string_view text, bool quote, std::string& out) {
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void WriteLabel(std::string_view name, std::string_view value, std::string& out) {
  if (!out.empty()) out += ',';
  for (char c : name) out += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  out += "=\"";
  WriteEscaped(value, /*quote=*/true, out);
  out += '"';
}

// One rendering: collects the families, then writes them.
class Exposition {
 public:
  Exposition(const Selection& selection, const PrometheusOptions& options, Sink sink)
      : selection_(selection), options_(options), out_(sink) {}

  void Collect(std::span<const GroupPtr> groups) {
    for (const GroupPtr& group : groups) {
      siblings_[{group->scope().family(), group->table().data()}].push_back(group.get());
    }
    for (const auto& [key, siblings] : siblings_) {
      const std::span<const Metric> table = siblings.front()->table();
      for (size_t at = 0; at < table.size(); ++at) {
        if (table[at].kind == Kind::kText && !options_.text_readouts) continue;
        std::string name = FamilyName(key.first, table[at].family_name(), options_.flavor);
        auto& families = table[at].kind == Kind::kHistogram ? histograms_ : scalars_;
        families[std::move(name)].Add(siblings, at, table[at]);
      }
    }
  }

  void Write() {
    for (const auto& [name, family] : scalars_) {
      // Two families cannot share a name; the histogram keeps it.
      WriteFamily(histograms_.contains(name) ? name + "_value" : name, family);
    }
    for (const auto& [name, family] : histograms_) WriteFamily(name, family);
  }

 private:
  void WriteFamily(const std::string& name, const Family& family) {
    bool begun = false;
    for (const auto& [siblings, at] : family.lines) {
      for (const Group* group : *siblings) {
        full_name_.assign(group->scope().prefix()).append(group->table()[at].name);
        if (!selection_.Admits(full_name_, *group, at)) continue;
        if (!std::exchange(begun, true)) WriteHeading(name, family);
        WriteSeries(name, *group, at);
      }
    }
  }

  void WriteHeading(std::string_view name, const Family& family) {
    std::string help;
    WriteEscaped(family.help, /*quote=*/false, help);
    out_ << "# HELP " << name << " " << WordFor(family.kind) << " " << help << "\n# TYPE " << name
         << " " << TypeOf(name, family, options_.flavor) << "\n";
  }

  void WriteSeries(std::string_view name, const Group& group, size_t at) {
    const Metric& metric = group.table()[at];
    labels_.clear();
    for (const Label& label : group.scope().labels()) WriteLabel(label.name, label.value, labels_);
    if (!metric.label.empty()) WriteLabel(metric.label, metric.label_value, labels_);
    if (metric.kind == Kind::kHistogram) {
      WriteHistogram(name, group.Cumulative(at));
      return;
    }
    const bool is_text = metric.kind == Kind::kText;
    if (is_text) WriteLabel("text_value", group.Text(at), labels_);
    WriteSample(name, "", labels_, is_text ? 0 : group.Value(at));
  }

  void WriteHistogram(std::string_view name, const HistogramTotals& totals) {
    std::string with_bound;
    for (const auto& [text, bound] : kHistogramBounds) {
      with_bound = labels_;
      WriteLabel("le", text, with_bound);
      WriteSample(name, "_bucket", with_bound, totals.CountUpTo(bound));
    }
    with_bound = labels_;
    WriteLabel("le", "+Inf", with_bound);
    WriteSample(name, "_bucket", with_bound, totals.count());
    WriteSample(name, "_sum", labels_, totals.sum());
    WriteSample(name, "_count", labels_, totals.count());
  }

  void WriteSample(std::string_view name, std::string_view suffix, std::string_view labels,
                   uint64_t value) {
    out_ << name << suffix;
    if (!labels.empty()) out_ << "{" << labels << "}";
    out_ << " " << value << "\n";
  }

  const Selection& selection_;
  const PrometheusOptions& options_;
  ChunkWriter out_;
  std::map<std::pair<std::string_view, const Metric*>, Siblings> siblings_;
  std::map<std::string, Family> scalars_;
  std::map<std::string, Family> histograms_;
  std::string full_name_;
  std::string labels_;
};

}  // namespace

void RenderPrometheus(const Store& store, const Selection& selection,
                      const PrometheusOptions& options, Sink sink) {
  const std::vector<GroupPtr> groups = store.Groups();
  Exposition exposition(selection, options, sink);
  exposition.Collect(groups);
  exposition.Write();
}

}  // namespace outrigger::stats
