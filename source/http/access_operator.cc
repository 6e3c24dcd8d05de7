#include "source/http/access_operator.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "source/base/text.h"
#include "source/http/access_values.h"

namespace outrigger::http {
namespace {

// Envoy has these; what they show does not exist here yet.
constexpr std::string_view kNotImplemented[] = {
    "CEL",
    "CLUSTER_METADATA",
    "CUSTOM_FLAGS",
    "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1",
    "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
    "DOWNSTREAM_PEER_CHAIN_SERIALS",
    "DYNAMIC_METADATA",
    "FILTER_CHAIN_NAME",
    "FILTER_STATE",
    "METADATA",
    "TLS_JA3_FINGERPRINT",
    "TRACE_ID",
    "UNIQUE_ID",
    "UPSTREAM_FILTER_STATE",
    "UPSTREAM_METADATA",
    "UPSTREAM_PROTOCOL",
    "VIRTUAL_CLUSTER_NAME",
};

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// " near: %REQ%, %RESP%", or nothing.
std::string NearNames(std::string_view name) {
  constexpr size_t kLongestName = 64;  // beyond it nothing is near, and comparing would cost
  std::string names;
  if (name.size() > kLongestName) return names;
  for (const OperatorSpec& spec : OperatorSpecs()) {
    const size_t allowed = std::max<size_t>(1, name.size() / 4);
    const bool is_near = EditDistance(name, spec.name) <= allowed ||
                         (name.size() >= 5 && spec.name.starts_with(name));
    if (is_near) base::StrAppend(&names, names.empty() ? "; near: %" : ", %", spec.name, "%");
  }
  return names;
}

absl::Status UnknownOperator(std::string_view name) {
  const auto* const known = std::find(std::begin(kNotImplemented), std::end(kNotImplemented), name);
  if (known != std::end(kNotImplemented)) {
    return base::InvalidArgument("%", name, "% is not implemented");
  }
  return base::InvalidArgument("unknown operator %", name.substr(0, 80), "%", NearNames(name));
}

absl::Status SetHeader(std::string_view text, OperatorArguments& arguments) {
  const size_t mark = text.find('?');
  arguments.name = absl::AsciiStrToLower(base::AbslView(text.substr(0, mark)));
  if (mark != std::string_view::npos) {
    arguments.alternative = absl::AsciiStrToLower(base::AbslView(text.substr(mark + 1)));
  }
  if (arguments.name.empty() && arguments.alternative.empty()) {
    return base::InvalidArgument("needs the name of a header, as in %REQ(user-agent)%");
  }
  return absl::OkStatus();
}

absl::Status SetMoments(std::string_view text, OperatorArguments& arguments) {
  const std::vector<absl::string_view> parts = absl::StrSplit(base::AbslView(text), ':');
  const bool has_two_or_three = parts.size() == 2 || parts.size() == 3;
  const auto from = has_two_or_three ? FindMoment(base::StdView(parts[0])) : std::nullopt;
  const auto to = has_two_or_three ? FindMoment(base::StdView(parts[1])) : std::nullopt;
  if (!from || !to) {
    return base::InvalidArgument(
        "takes FROM:TO or FROM:TO:UNIT with the moments DS_RX_BEG, DS_RX_END, US_TX_BEG, "
        "US_TX_END, US_RX_BEG, US_RX_END, DS_TX_BEG, DS_TX_END, got \"",
        text, "\"");
  }
  arguments.from = *from;
  arguments.to = *to;
  const std::string_view unit = parts.size() == 3 ? base::StdView(parts[2]) : "ms";
  if (unit == "ms") return absl::OkStatus();
  if (unit == "us") {
    arguments.unit_ns = 1000;
  } else if (unit == "ns") {
    arguments.unit_ns = 1;
  } else {
    return base::InvalidArgument("unknown unit \"", unit, "\"; known: ms, us, ns");
  }
  return absl::OkStatus();
}

absl::Status SetArguments(const OperatorSpec& spec, std::optional<std::string_view> text,
                          OperatorArguments& arguments) {
  switch (spec.rule) {
    case ArgumentRule::kNone:
      if (text) return base::InvalidArgument("takes no arguments, got \"", *text, "\"");
      return absl::OkStatus();
    case ArgumentRule::kHeader:
      return SetHeader(text.value_or(std::string_view()), arguments);
    case ArgumentRule::kTime: {
      if (!text || text->empty()) return absl::OkStatus();
      absl::StatusOr<TimeFormat> format = TimeFormat::Parse(*text);
      if (!format.ok()) return format.status();
      arguments.time = *std::move(format);
      return absl::OkStatus();
    }
    case ArgumentRule::kMoments:
      return SetMoments(text.value_or(std::string_view()), arguments);
    case ArgumentRule::kGrpcStatusForm:
      arguments.name = text.value_or("CAMEL_STRING");
      if (arguments.name == "CAMEL_STRING" || arguments.name == "SNAKE_STRING" ||
          arguments.name == "NUMBER") {
        return absl::OkStatus();
      }
      return base::InvalidArgument("unknown form \"", arguments.name,
                                   "\"; known: CAMEL_STRING, SNAKE_STRING, NUMBER");
    case ArgumentRule::kVariable: {
      if (!text || text->empty()) {
        return base::InvalidArgument("needs the name of an environment variable");
      }
      const char* value = std::getenv(std::string(*text).c_str());
      arguments.name = value == nullptr ? "" : value;
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AccessOperator> AccessOperator::Make(std::string_view name,
                                                    std::optional<std::string_view> arguments,
                                                    std::optional<size_t> max_bytes) {
  const std::vector<OperatorSpec>& specs = OperatorSpecs();
  const auto spec = std::find_if(specs.begin(), specs.end(),
                                 [&](const OperatorSpec& known) { return known.name == name; });
  if (spec == specs.end()) return UnknownOperator(name);
  AccessOperator result;
  result.evaluate_ = spec->evaluate;
  result.arguments_.max_bytes = max_bytes;
  const absl::Status status = SetArguments(*spec, arguments, result.arguments_);
  if (!status.ok()) {
    return base::InvalidArgument("%", name, "%: ", base::StdView(status.message()));
  }
  return result;
}

ValueKind AccessOperator::Append(const StreamSummary& summary, std::string& out) const {
  const size_t begin = out.size();
  const ValueKind kind = evaluate_(summary, arguments_, out);
  const std::optional<size_t> max = arguments_.max_bytes;
  if (max && kind == ValueKind::kText && out.size() - begin > *max) out.resize(begin + *max);
  return kind;
}

}  // namespace outrigger::http
