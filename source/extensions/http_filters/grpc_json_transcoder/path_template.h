#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace outrigger::grpc_json_transcoder {

// A path template of google.api.http, "/v1/{name=shelves/*}/books/{rest=**}:verb", taken apart.
// Limits: 4096 bytes and 64 segments; what follows "**" is literals only, so that a path can match
// in one way only.
struct PathTemplate {
  enum class Kind : uint8_t { kLiteral, kStar, kDoubleStar };
  struct Segment {
    Kind kind = Kind::kLiteral;
    std::string literal;
  };
  // Takes the path's segments from `begin` to `end`, in the template's count.
  struct Variable {
    std::vector<std::string> field_path;
    size_t begin = 0;
    size_t end = 0;
    bool has_many_segments = false;  // more than one "*" or literal
  };

  // Errors say what is wrong and where: `at 7: a variable inside a variable`.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  std::optional<size_t> double_star() const;

  std::vector<Segment> segments;
  std::vector<Variable> variables;
  std::string verb;  // without the ':'; empty for none
};

}  // namespace outrigger::grpc_json_transcoder
