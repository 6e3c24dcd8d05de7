#include "source/config/loading/scalar_values.h"

#include <cmath>
#include <limits>
#include <optional>

#include <google/protobuf/util/time_util.h>
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace outrigger::loading {
namespace {

absl::Status MustBe(const std::string& expected, const Node& node) {
  return absl::InvalidArgumentError(absl::StrCat("must be ", expected, ", got ", Describe(node)));
}

bool IsScalar(const Node& node) {
  return node.kind() == Node::Kind::kNumber || node.kind() == Node::Kind::kString;
}

// 0644 is eight-based in YAML 1.1 and ten-based in 1.2, so no one can know which was meant.
bool HasLeadingZero(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  return text.size() > 1 && text[0] == '0' && absl::ascii_isdigit(text[1]);
}

// Decimal, 0x, 0o, or a float without a fraction (1e3, 5.0), which JSON writers produce.
std::optional<absl::int128> ParseInteger(const std::string& written) {
  absl::string_view text = written;
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) absl::ConsumePrefix(&text, "+");
  uint64_t magnitude = 0;
  if (text.empty() || !absl::ascii_isdigit(text[0])) return std::nullopt;
  if (absl::StartsWith(text, "0x")) {
    if (!absl::SimpleHexAtoi(text, &magnitude)) return std::nullopt;
  } else if (absl::ConsumePrefix(&text, "0o")) {
    if (text.empty() || text.size() > 21 || text.find_first_not_of("01234567") != text.npos) {
      return std::nullopt;
    }
    for (const char digit : text) magnitude = magnitude * 8 + (digit - '0');
  } else if (!absl::SimpleAtoi(text, &magnitude)) {
    double value;
    constexpr double kExactBelow = 9007199254740992.0;  // 2^53
    if (!absl::SimpleAtod(text, &value) || value != std::floor(value) || value > kExactBelow) {
      return std::nullopt;
    }
    magnitude = static_cast<uint64_t>(value);
  }
  return negative ? -absl::int128(magnitude) : absl::int128(magnitude);
}

absl::StatusOr<absl::int128> ReadInteger(const Node& node, absl::int128 min, absl::int128 max,
                                         const std::string& range) {
  const std::string expected = absl::StrCat("an integer from ", range);
  if (!IsScalar(node)) return MustBe(expected, node);
  if (HasLeadingZero(node.text())) {
    return absl::InvalidArgumentError(absl::StrCat("leading zero in ", node.text(), "; write 0o",
                                                   node.text().substr(1),
                                                   " for an octal number or leave the zero out"));
  }
  const std::optional<absl::int128> value = ParseInteger(node.text());
  if (!value || *value < min || *value > max) return MustBe(expected, node);
  return *value;
}

}  // namespace

absl::StatusOr<bool> ReadBool(const Node& node) {
  if (node.kind() == Node::Kind::kBool) return absl::AsciiStrToLower(node.text()) == "true";
  return MustBe("true or false", node);
}

absl::StatusOr<int64_t> ReadSigned(const Node& node, int64_t min, int64_t max) {
  absl::StatusOr<absl::int128> value = ReadInteger(node, min, max, absl::StrCat(min, " to ", max));
  if (!value.ok()) return value.status();
  return static_cast<int64_t>(*value);
}

absl::StatusOr<uint64_t> ReadUnsigned(const Node& node, uint64_t max) {
  absl::StatusOr<absl::int128> value = ReadInteger(node, 0, max, absl::StrCat("0 to ", max));
  if (!value.ok()) return value.status();
  return static_cast<uint64_t>(*value);
}

absl::StatusOr<double> ReadDouble(const Node& node) {
  constexpr char kExpected[] = "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"";
  if (!IsScalar(node)) return MustBe(kExpected, node);
  const std::string& text = node.text();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return MustBe(kExpected, node);
  return value;
}

absl::StatusOr<float> ReadFloat(const Node& node) {
  absl::StatusOr<double> value = ReadDouble(node);
  if (!value.ok()) return value.status();
  if (std::isfinite(*value) && std::abs(*value) > std::numeric_limits<float>::max()) {
    return MustBe("within the range of a float", node);
  }
  return static_cast<float>(*value);
}

absl::StatusOr<std::string> ReadString(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::kString:
    case Node::Kind::kNumber:
    case Node::Kind::kBool:
      return node.text();
    default:
      return MustBe("a string", node);
  }
}

absl::StatusOr<std::string> ReadBase64(const Node& node) {
  constexpr char kExpected[] = "bytes in base64";
  if (!IsScalar(node) && node.kind() != Node::Kind::kBool) return MustBe(kExpected, node);
  std::string bytes;
  if (absl::Base64Unescape(node.text(), &bytes) ||
      absl::WebSafeBase64Unescape(node.text(), &bytes)) {
    return bytes;
  }
  // Not shown: it may be a private key that was pasted in its other form.
  return absl::InvalidArgumentError(absl::StrCat("must be ", kExpected, ", got other text"));
}

absl::StatusOr<google::protobuf::Duration> ReadDuration(const Node& node) {
  constexpr char kExpected[] = "a duration in seconds such as \"1.5s\"";
  if (node.kind() != Node::Kind::kString) {
    absl::Status status = MustBe(kExpected, node);
    if (node.kind() != Node::Kind::kNumber) return status;
    return absl::InvalidArgumentError(
        absl::StrCat(status.message(), "; write ", node.text(), "s if seconds were meant"));
  }
  google::protobuf::Duration duration;
  if (google::protobuf::util::TimeUtil::FromString(node.text(), &duration) &&
      std::abs(duration.seconds()) <= google::protobuf::util::TimeUtil::kDurationMaxSeconds) {
    return duration;
  }
  absl::Status status = MustBe(kExpected, node);
  absl::Duration other_unit;
  if (!absl::ParseDuration(node.text(), &other_unit) || other_unit == absl::InfiniteDuration()) {
    return status;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(status.message(), "; write ", absl::ToDoubleSeconds(other_unit), "s"));
}

absl::StatusOr<google::protobuf::Timestamp> ReadTimestamp(const Node& node) {
  google::protobuf::Timestamp timestamp;
  if (node.kind() == Node::Kind::kString &&
      google::protobuf::util::TimeUtil::FromString(node.text(), &timestamp)) {
    return timestamp;
  }
  return MustBe("a time such as \"2024-05-01T12:00:00Z\"", node);
}

}  // namespace outrigger::loading
