#include "source/http/access_format.h"

#include <cmath>
#include <optional>

#include "source/base/text.h"
#include "source/http/access_operator.h"
#include "source/http/log_escape.h"

namespace outrigger::http {

// A part of the format that knows how to print itself.
class AccessFormat::Node {
 public:
  virtual ~Node() = default;
  // False: there is nothing to print, and nothing was.
  virtual bool Append(const StreamSummary& summary, std::string& out) const = 0;
};

namespace {

using Node = AccessFormat::Node;

// Literal text, or an operator.
using Piece = std::variant<std::string, AccessOperator>;

constexpr size_t kMaxOperators = 1000;

// `%NAME%`, `%NAME(arguments)%`, `%NAME(arguments):max_bytes%`, from its first '%' on.
struct OperatorText {
  std::string_view name;
  std::optional<std::string_view> arguments;
  std::optional<size_t> max_bytes;
  size_t size = 0;
};

bool IsNameChar(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// ":123%" or "%", which end an operator; sets what they say.
bool ParseEnd(std::string_view text, OperatorText& found, size_t at) {
  size_t end = at;
  if (end < text.size() && text[end] == ':') {
    const size_t digits = ++end;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    found.max_bytes = base::ParseNumber<size_t>(text.substr(digits, end - digits));
    if (!found.max_bytes) return false;
  }
  if (end >= text.size() || text[end] != '%') {
    found.max_bytes.reset();
    return false;
  }
  found.size = end + 1;
  return true;
}

std::optional<OperatorText> ParseOperator(std::string_view text) {
  OperatorText found;
  size_t at = 1;
  while (at < text.size() && IsNameChar(text[at])) ++at;
  found.name = text.substr(1, at - 1);
  if (at >= text.size() || text[at] != '(') {
    return ParseEnd(text, found, at) ? std::optional(found) : std::nullopt;
  }
  // Arguments may hold '%' and ')': they end where an operator can.
  for (size_t close = text.find(')', at); close != std::string_view::npos;
       close = text.find(')', close + 1)) {
    if (!ParseEnd(text, found, close + 1)) continue;
    found.arguments = text.substr(at + 1, close - at - 1);
    return found;
  }
  return std::nullopt;
}

absl::Status ErrorAt(std::string_view format, size_t at, std::string_view what) {
  constexpr size_t kShown = 40;
  return base::InvalidArgument("access log format: character ", at + 1, ", \"",
                               format.substr(at, kShown), "\": ", what);
}

absl::StatusOr<std::vector<Piece>> ParsePieces(std::string_view format) {
  std::vector<Piece> pieces;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces.emplace_back(std::exchange(literal, {}));
  };
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      literal += format[at++];
      continue;
    }
    if (format.substr(at, 2) == "%%") {
      literal += '%';
      at += 2;
      continue;
    }
    const std::optional<OperatorText> text = ParseOperator(format.substr(at));
    if (!text) {
      return ErrorAt(format, at,
                     "expected %OPERATOR%, %OPERATOR(arguments)% or %OPERATOR(arguments):length%; "
                     "write %% for a percent sign");
    }
    auto parsed = AccessOperator::Make(text->name, text->arguments, text->max_bytes);
    if (!parsed.ok()) return ErrorAt(format, at, base::StdView(parsed.status().message()));
    end_literal();
    pieces.emplace_back(*std::move(parsed));
    if (pieces.size() > kMaxOperators) return ErrorAt(format, at, "too many operators");
    at += text->size;
  }
  end_literal();
  return pieces;
}

class TextNode final : public Node {
 public:
  TextNode(std::vector<Piece> pieces, AccessFormatOptions options)
      : pieces_(std::move(pieces)), missing_(options.omit_empty_values ? "" : "-") {}

  bool Append(const StreamSummary& summary, std::string& out) const override {
    for (const Piece& piece : pieces_) {
      if (const auto* literal = std::get_if<std::string>(&piece)) {
        out += *literal;
        continue;
      }
      const size_t begin = out.size();
      const ValueKind kind = std::get<AccessOperator>(piece).Append(summary, out);
      if (kind == ValueKind::kMissing) out += missing_;
      if (kind == ValueKind::kText) SanitizeText(out, begin);
    }
    return true;
  }

 private:
  std::vector<Piece> pieces_;
  std::string_view missing_;
};

// JSON text that is the same in every line.
class JsonLiteral final : public Node {
 public:
  explicit JsonLiteral(std::string json) : json_(std::move(json)) {}
  bool Append(const StreamSummary&, std::string& out) const override {
    out += json_;
    return true;
  }

 private:
  std::string json_;
};

// A string that is one operator, with the type of its value.
class JsonValue final : public Node {
 public:
  JsonValue(AccessOperator value, AccessFormatOptions options)
      : operator_(std::move(value)), options_(options) {}

  bool Append(const StreamSummary& summary, std::string& out) const override {
    const size_t begin = out.size();
    out += '"';
    switch (operator_.Append(summary, out)) {
      case ValueKind::kText:
        EscapeJson(out, begin + 1);
        out += '"';
        return true;
      case ValueKind::kNumber:
        out.erase(begin, 1);
        return true;
      case ValueKind::kMissing:
        out.resize(begin);
        if (!options_.omit_empty_values) out += "null";
        return !options_.omit_empty_values;
    }
    return true;
  }

 private:
  AccessOperator operator_;
  AccessFormatOptions options_;
};

// A string with operators in it.
class JsonText final : public Node {
 public:
  JsonText(std::vector<Piece> pieces, AccessFormatOptions options)
      : text_(std::move(pieces), options) {}
  bool Append(const StreamSummary& summary, std::string& out) const override {
    out += '"';
    const size_t begin = out.size();
    text_.Append(summary, out);
    EscapeJson(out, begin);
    out += '"';
    return true;
  }

 private:
  TextNode text_;
};

// An object or a list.
class JsonGroup final : public Node {
 public:
  JsonGroup(char open, char close) : open_(open), close_(close) {}
  // `prefix`: the key with its colon; empty in a list.
  void Add(std::string prefix, std::unique_ptr<Node> node) {
    members_.push_back({std::move(prefix), std::move(node)});
  }

  bool Append(const StreamSummary& summary, std::string& out) const override {
    out += open_;
    bool is_first = true;
    for (const Member& member : members_) {
      const size_t begin = out.size();
      if (!is_first) out += ',';
      out += member.prefix;
      if (member.node->Append(summary, out)) {
        is_first = false;
      } else {
        out.resize(begin);
      }
    }
    out += close_;
    return true;
  }

 private:
  struct Member {
    std::string prefix;
    std::unique_ptr<Node> node;
  };
  char open_;
  char close_;
  std::vector<Member> members_;
};

class JsonLine final : public Node {
 public:
  explicit JsonLine(std::unique_ptr<Node> root) : root_(std::move(root)) {}
  bool Append(const StreamSummary& summary, std::string& out) const override {
    root_->Append(summary, out);
    out += '\n';
    return true;
  }

 private:
  std::unique_ptr<Node> root_;
};

// Compiles a tree, remembering where it is for its errors.
class JsonCompiler {
 public:
  explicit JsonCompiler(AccessFormatOptions options) : options_(options) {}

  absl::StatusOr<std::unique_ptr<Node>> Compile(const FormatTree& tree, const std::string& path) {
    if (++depth_ > kMaxDepth) return base::InvalidArgument(path, ": nested too deep");
    auto node = std::visit([&](const auto& value) { return Make(value, path); }, tree.value);
    --depth_;
    return node;
  }

 private:
  using Result = absl::StatusOr<std::unique_ptr<Node>>;
  static constexpr int kMaxDepth = 32;

  Result Make(std::nullptr_t, const std::string&) { return Literal("null"); }
  Result Make(bool value, const std::string&) { return Literal(value ? "true" : "false"); }
  Result Make(double value, const std::string& path) {
    if (!std::isfinite(value)) return base::InvalidArgument(path, ": not a number that JSON has");
    // Numbers of a protobuf Struct are doubles; whole ones print as such.
    const bool is_whole = std::abs(value) < 1e15 && value == std::trunc(value);
    return Literal(is_whole ? base::StrCat(static_cast<int64_t>(value)) : base::StrCat(value));
  }
  Result Make(const std::string& format, const std::string& path) {
    absl::StatusOr<std::vector<Piece>> pieces = ParsePieces(format);
    if (!pieces.ok()) {
      return base::InvalidArgument(path, ": ", base::StdView(pieces.status().message()));
    }
    if (pieces->size() == 1 && std::holds_alternative<AccessOperator>(pieces->front())) {
      return std::make_unique<JsonValue>(std::get<AccessOperator>(std::move(pieces->front())),
                                         options_);
    }
    return std::make_unique<JsonText>(*std::move(pieces), options_);
  }
  Result Make(const FormatTree::List& list, const std::string& path) {
    auto group = std::make_unique<JsonGroup>('[', ']');
    for (size_t i = 0; i < list.size(); ++i) {
      Result node = Compile(list[i], base::StrCat(path, "[", i, "]"));
      if (!node.ok()) return node.status();
      group->Add("", *std::move(node));
    }
    return group;
  }
  Result Make(const FormatTree::Object& object, const std::string& path) {
    auto group = std::make_unique<JsonGroup>('{', '}');
    for (const auto& [key, value] : object) {
      Result node = Compile(value, base::StrCat(path, ".", key));
      if (!node.ok()) return node.status();
      std::string prefix;
      AppendJsonString(key, prefix);
      prefix += ':';
      group->Add(std::move(prefix), *std::move(node));
    }
    return group;
  }
  static Result Literal(std::string json) { return std::make_unique<JsonLiteral>(std::move(json)); }

  AccessFormatOptions options_;
  int depth_ = 0;
};

}  // namespace

std::string_view AccessFormat::DefaultText() {
  return "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
         "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
         "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" "
         "\"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" "
         "\"%UPSTREAM_HOST%\"\n";
}

absl::StatusOr<AccessFormat> AccessFormat::Text(std::string_view format,
                                                AccessFormatOptions options) {
  absl::StatusOr<std::vector<Piece>> pieces = ParsePieces(format);
  if (!pieces.ok()) return pieces.status();
  return AccessFormat(std::make_shared<TextNode>(*std::move(pieces), options));
}

absl::StatusOr<AccessFormat> AccessFormat::Json(const FormatTree& tree,
                                                AccessFormatOptions options) {
  auto root = JsonCompiler(options).Compile(tree, "json_format");
  if (!root.ok()) return root.status();
  return AccessFormat(std::make_shared<JsonLine>(*std::move(root)));
}

void AccessFormat::Append(const StreamSummary& summary, std::string& out) const {
  root_->Append(summary, out);
}

}  // namespace outrigger::http
