#include "source/route/regex.h"

#include <algorithm>
#include <utility>

#include "re2/re2.h"
#include "re2/set.h"
#include "source/base/text.h"

namespace outrigger::route {
namespace {

re2::RE2::Options Options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  // As Envoy: paths and values are bytes, and no peer promises UTF-8.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return options;
}

}  // namespace

absl::StatusOr<Regex> Regex::Compile(std::string_view pattern) {
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(pattern), Options());
  if (!compiled->ok()) {
    return base::InvalidArgument("regex: ", compiled->error(), ", got \"", pattern,
                                 "\"; the syntax is RE2's");
  }
  if (compiled->ProgramSize() > kMaxProgramSize) {
    return base::InvalidArgument("regex: compiles to ", compiled->ProgramSize(),
                                 " instructions, at most ", kMaxProgramSize, " are allowed, got \"",
                                 pattern.substr(0, 100), "\"; use smaller repetition counts");
  }
  return Regex(std::move(compiled));
}

const std::string& Regex::pattern() const { return compiled_->pattern(); }

bool Regex::FullMatch(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text), *compiled_);
}

bool Regex::Search(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text), *compiled_);
}

absl::StatusOr<RegexSubstitution> RegexSubstitution::Compile(std::string_view pattern,
                                                             std::string_view substitution) {
  auto regex = Regex::Compile(pattern);
  if (!regex.ok()) return regex.status();
  std::string error;
  if (!regex->compiled_->CheckRewriteString(re2::StringPiece(substitution), &error)) {
    return base::InvalidArgument("substitution: ", error, ", got \"", substitution, "\"");
  }
  return RegexSubstitution(*std::move(regex), std::string(substitution));
}

std::string RegexSubstitution::ReplaceAll(std::string_view text) const {
  std::string result(text);
  re2::RE2::GlobalReplace(&result, *regex_.compiled_, re2::StringPiece(substitution_));
  return result;
}

class RegexSet::Automaton {
 public:
  Automaton() : set(Options(), re2::RE2::ANCHOR_BOTH) {}
  re2::RE2::Set set;
};

RegexSet::RegexSet(std::unique_ptr<const Automaton> automaton) : automaton_(std::move(automaton)) {}
RegexSet::~RegexSet() = default;

std::unique_ptr<const RegexSet> RegexSet::Build(const std::vector<Regex>& patterns) {
  auto automaton = std::make_unique<Automaton>();
  for (const Regex& regex : patterns) {
    if (automaton->set.Add(re2::StringPiece(regex.pattern()), nullptr) < 0) return nullptr;
  }
  if (!automaton->set.Compile()) return nullptr;
  return std::unique_ptr<const RegexSet>(new RegexSet(std::move(automaton)));
}

bool RegexSet::FullMatches(std::string_view text, std::vector<int>& matching) const {
  re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
  automaton_->set.Match(re2::StringPiece(text), &matching, &error);
  if (error.kind != re2::RE2::Set::kNoError) return false;
  std::sort(matching.begin(), matching.end());
  return true;
}

}  // namespace outrigger::route
