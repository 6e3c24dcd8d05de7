#include "source/extensions/http_filters/grpc_json_transcoder/path_template.h"

#include <algorithm>

#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

constexpr size_t kMaxBytes = 4096;
constexpr size_t kMaxSegments = 64;

bool IsNameByte(char c, bool first) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return is_letter || (!first && c >= '0' && c <= '9');
}

// What may stand in a path as it is (RFC 3986 3.3, pchar), percent-encoding included.
bool IsLiteralByte(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~%!$&'()+,;=@:").find(c) != std::string_view::npos;
}

// Template = "/" Segments [ ":" verb ], as google/api/http.proto writes the grammar.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<PathTemplate> Run() {
    if (text_.size() > kMaxBytes) return Wrong("longer than 4096 bytes");
    if (!Take('/')) return Wrong("a template begins with '/'");
    if (at_ < text_.size()) {
      if (absl::Status status = Segments(); !status.ok()) return status;
    }
    if (Take(':')) {
      out_.verb = TakeLiteral(false);
      if (out_.verb.empty()) return Wrong("a verb is missing behind ':'");
    }
    if (at_ < text_.size()) return Wrong("unexpected character");
    if (absl::Status status = CheckDoubleStar(); !status.ok()) return status;
    return std::move(out_);
  }

 private:
  absl::Status Wrong(std::string_view what) const {
    return base::InvalidArgument("at ", at_, ": ", what);
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  absl::Status Segments() {
    do {
      if (absl::Status status = Segment(); !status.ok()) return status;
      if (out_.segments.size() > kMaxSegments) return Wrong("more than 64 segments");
    } while (Take('/'));
    return absl::OkStatus();
  }

  absl::Status Segment() {
    if (Peek() == '{') return Variable();
    if (Take('*')) {
      const bool is_double = Take('*');
      Add(is_double ? PathTemplate::Kind::kDoubleStar : PathTemplate::Kind::kStar, {});
      return absl::OkStatus();
    }
    std::string literal = TakeLiteral(true);
    if (literal.empty()) return Wrong("a segment is empty or has a character that must be encoded");
    Add(PathTemplate::Kind::kLiteral, std::move(literal));
    return absl::OkStatus();
  }

  absl::Status Variable() {
    if (in_variable_) return Wrong("a variable inside a variable");
    in_variable_ = true;
    ++at_;
    PathTemplate::Variable variable;
    variable.begin = out_.segments.size();
    do {
      const size_t start = at_;
      while (at_ < text_.size() && IsNameByte(text_[at_], at_ == start)) ++at_;
      if (at_ == start) return Wrong("a field name is missing");
      variable.field_path.emplace_back(text_.substr(start, at_ - start));
    } while (Take('.'));
    if (Take('=')) {
      if (absl::Status status = Segments(); !status.ok()) return status;
    } else {
      Add(PathTemplate::Kind::kStar, {});
    }
    if (!Take('}')) return Wrong("'}' is missing");
    variable.end = out_.segments.size();
    variable.has_many_segments =
        variable.end - variable.begin > 1 ||
        out_.segments[variable.begin].kind == PathTemplate::Kind::kDoubleStar;
    in_variable_ = false;
    for (const PathTemplate::Variable& other : out_.variables) {
      if (other.field_path == variable.field_path) return Wrong("a field is bound twice");
    }
    out_.variables.push_back(std::move(variable));
    return absl::OkStatus();
  }

  void Add(PathTemplate::Kind kind, std::string literal) {
    out_.segments.push_back({.kind = kind, .literal = std::move(literal)});
  }

  // Up to the next character that has a meaning. A ':' is part of it unless it begins the verb:
  // when no '/' and no '}' follows.
  std::string TakeLiteral(bool stops_at_verb) {
    const size_t start = at_;
    while (at_ < text_.size() && IsLiteralByte(text_[at_])) {
      if (text_[at_] == ':' && stops_at_verb && IsLastColon(at_)) break;
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }
  bool IsLastColon(size_t at) const {
    return text_.find_first_of(":/}", at + 1) == std::string_view::npos;
  }

  absl::Status CheckDoubleStar() const {
    const std::optional<size_t> at = out_.double_star();
    if (!at) return absl::OkStatus();
    for (size_t i = *at + 1; i < out_.segments.size(); ++i) {
      if (out_.segments[i].kind != PathTemplate::Kind::kLiteral) {
        return base::InvalidArgument("only literals may follow \"**\"");
      }
    }
    return absl::OkStatus();
  }

  const std::string_view text_;
  size_t at_ = 0;
  bool in_variable_ = false;
  PathTemplate out_;
};

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  return Parser(text).Run();
}

std::optional<size_t> PathTemplate::double_star() const {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].kind == Kind::kDoubleStar) return i;
  }
  return std::nullopt;
}

}  // namespace outrigger::grpc_json_transcoder
