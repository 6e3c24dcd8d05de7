// The only file that includes yaml-cpp and the only one compiled with exceptions: yaml-cpp throws.
// Nothing thrown leaves ParseDocuments.
#include "source/config/loading/document.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "source/config/loading/absl_view.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/parser.h"

namespace outrigger::loading {
namespace {

Position At(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

struct Refusal {
  Position position;
  std::string message;
};

bool IsOneOf(absl::string_view text, std::initializer_list<absl::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// YAML 1.2 core schema, which JSON's numbers are a part of: decimal, 0x, 0o, fraction, exponent.
// 0644 counts too, so that whoever reads it can say why it is refused instead of taking it as text.
bool LooksLikeNumber(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "-")) absl::ConsumePrefix(&text, "+");
  if (text.empty() || !(absl::ascii_isdigit(text[0]) || text[0] == '.')) return false;
  if (absl::ConsumePrefix(&text, "0x")) {
    return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
  }
  if (absl::ConsumePrefix(&text, "0o")) {
    return !text.empty() && text.find_first_not_of("01234567") == text.npos;
  }
  double ignored;
  return text.find_first_not_of("0123456789.eE+-") == text.npos && absl::SimpleAtod(text, &ignored);
}

Node::Kind KindOfScalar(const std::string& tag, absl::string_view text) {
  const bool quoted_or_text = tag == "!" || tag == "tag:yaml.org,2002:str";
  if (quoted_or_text) return Node::Kind::kString;
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Node::Kind::kNull;
  if (IsOneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return Node::Kind::kBool;
  return LooksLikeNumber(text) ? Node::Kind::kNumber : Node::Kind::kString;
}

// Builds one tree from yaml-cpp's events. Throws Refusal, which ParseDocuments catches.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const DocumentLimits& limits) : limits_(limits) {}

  Node TakeRoot() { return std::exchange(root_, Node()); }

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    OnLeaf(mark, anchor, Node(Node::Kind::kNull, At(mark)));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckTag(mark, tag);
    OnLeaf(mark, anchor, Node(KindOfScalar(tag, text), At(mark), text));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{At(mark), "an alias stands inside its own anchor"};
    Count(mark, found->second.nodes);
    CheckDepth(mark, found->second.depth);
    Built copy = found->second;
    Attach(At(mark), std::move(copy));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Built {
    Node node;
    size_t nodes = 1;
    int depth = 1;
  };
  struct Frame {
    Built built;
    YAML::anchor_t anchor = 0;
    std::optional<std::pair<std::string, Position>> key;
    absl::flat_hash_map<std::string, int> line_of_key;
  };

  void OnLeaf(const YAML::Mark& mark, YAML::anchor_t anchor, Node node) {
    Count(mark, 1);
    Built built{std::move(node)};
    Remember(anchor, built);
    Attach(At(mark), std::move(built));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    CheckTag(mark, tag);
    Count(mark, 1);
    CheckDepth(mark, 1);
    if (IsKeyNext()) throw Refusal{At(mark), "a key must be a string"};
    open_.emplace_back();
    open_.back().built.node = Node(kind, At(mark));
    open_.back().anchor = anchor;
  }

  void Close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    Remember(frame.anchor, frame.built);
    const Position position = frame.built.node.position();
    Attach(position, std::move(frame.built));
  }

  // Gives a finished node to the innermost open list or map: as a key, a value, or an item.
  void Attach(Position position, Built built) {
    if (open_.empty()) {
      root_ = std::move(built.node);
      return;
    }
    Frame& frame = open_.back();
    if (IsKeyNext()) {
      SetKey(frame, position, built.node);
      return;
    }
    frame.built.nodes += built.nodes;
    frame.built.depth = std::max(frame.built.depth, built.depth + 1);
    if (frame.key) {
      frame.built.node.Append(std::move(frame.key->first), frame.key->second,
                              std::move(built.node));
      frame.key.reset();
    } else {
      frame.built.node.Append(std::move(built.node));
    }
  }

  void SetKey(Frame& frame, Position position, const Node& key) {
    if (key.kind() == Node::Kind::kNull || key.kind() == Node::Kind::kList ||
        key.kind() == Node::Kind::kMap) {
      throw Refusal{position, absl::StrCat("a key must be a string, got ", Describe(key))};
    }
    const auto [first, is_new] = frame.line_of_key.emplace(key.text(), position.line);
    if (!is_new) {
      throw Refusal{position, absl::StrFormat("duplicate key \"%s\", first given in line %d; "
                                              "remove one",
                                              key.text(), first->second)};
    }
    frame.key.emplace(key.text(), position);
  }

  bool IsKeyNext() const {
    return !open_.empty() && open_.back().built.node.kind() == Node::Kind::kMap &&
           !open_.back().key;
  }

  void Remember(YAML::anchor_t anchor, const Built& built) {
    if (anchor == 0) return;
    // The kept copy is as large as the node, so it counts as well.
    nodes_ += built.nodes;
    anchors_[anchor] = built;
  }

  void Count(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes) {
      throw Refusal{At(mark),
                    absl::StrCat("more than ", limits_.nodes,
                                 " values, counting each use of an alias; split the file")};
    }
  }

  void CheckDepth(const YAML::Mark& mark, int depth) {
    if (static_cast<int>(open_.size()) + depth > limits_.depth) {
      throw Refusal{At(mark), absl::StrCat("nested deeper than ", limits_.depth, " levels")};
    }
  }

  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    constexpr absl::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return;
    absl::string_view name = tag;
    if (absl::ConsumePrefix(&name, kCore) &&
        IsOneOf(name, {"str", "int", "float", "bool", "null", "seq", "map"})) {
      return;
    }
    throw Refusal{At(mark), absl::StrCat("unknown tag \"", tag, "\"; remove it")};
  }

  const DocumentLimits& limits_;
  size_t nodes_ = 0;
  Node root_;
  std::vector<Frame> open_;
  absl::flat_hash_map<YAML::anchor_t, Built> anchors_;
};

bool IsJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

// JSON writes characters beyond U+FFFF as two \u escapes (RFC 8259 7), which yaml-cpp refuses;
// YAML writes the same character as one \U escape.
std::string JoinSurrogates(std::string_view text) {
  const auto unit = [&](size_t at) -> uint32_t {
    uint32_t value = 0;
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
    return absl::SimpleHexAtoi(AbslView(text.substr(at + 2, 4)), &value) ? value : 0;
  };
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    const uint32_t high = unit(i);
    const uint32_t low = high >= 0xD800 && high < 0xDC00 ? unit(i + 6) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      absl::StrAppendFormat(&out, "\\U%08X", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
      i += 12;
    } else {
      out += text.substr(i, 2);  // the backslash with what it escapes, so that \\ud83d stays text
      i += 2;
    }
  }
  return out;
}

bool IsIndentedWithTab(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == text.npos) return false;
    text.remove_prefix(end + 1);
  }
  const size_t indent = text.find_first_not_of(" \t");
  return text.substr(0, indent).find('\t') != text.npos;
}

// The size of the valid UTF-8 character (RFC 3629 4) that `text` begins with, or 0.
size_t Utf8CharacterSize(std::string_view text) {
  const auto byte = [&](size_t i) -> uint8_t { return i < text.size() ? text[i] : 0; };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0), second = byte(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return is_tail(1) && is_tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool too_large = lead == 0xF4 && second > 0x8F;
    return is_tail(1) && is_tail(2) && is_tail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// yaml-cpp ends its input at a NUL without an error, and hands on bytes that are not UTF-8, which
// no string field may hold. Returns the line of the first such byte, or 0.
int LineOfBinary(std::string_view text) {
  int line = 1;
  for (size_t i = 0; i < text.size();) {
    const size_t size = Utf8CharacterSize(text.substr(i, 4));
    if (size == 0 || text[i] == '\0') return line;
    if (text[i] == '\n') ++line;
    i += size;
  }
  return 0;
}

absl::Status Refused(std::string_view file, Position position, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(Locate(file, position), message));
}

}  // namespace

absl::StatusOr<std::vector<Node>> ParseDocuments(std::string_view text, std::string_view file,
                                                 const DocumentLimits& limits) {
  if (text.size() > limits.bytes) {
    return Refused(file, {},
                   absl::StrCat("larger than ", limits.bytes, " bytes, got ", text.size(),
                                "; split the file"));
  }
  if (const int line = LineOfBinary(text); line != 0) {
    return Refused(file, {line, 1}, "a byte that is not UTF-8 text");
  }
  try {
    std::istringstream stream(IsJson(text) ? JoinSurrogates(text) : std::string(text));
    YAML::Parser parser(stream);
    TreeBuilder builder(limits);
    std::vector<Node> documents;
    while (parser.HandleNextDocument(builder)) documents.push_back(builder.TakeRoot());
    return documents;
  } catch (const Refusal& refusal) {
    return Refused(file, refusal.position, refusal.message);
  } catch (const YAML::Exception& error) {
    const Position position = At(error.mark);
    const bool has_tab = IsIndentedWithTab(text, position.line);
    return Refused(file, position,
                   absl::StrCat("not valid YAML or JSON: ", error.msg,
                                has_tab ? "; YAML is indented with spaces, not tabs" : ""));
  } catch (const std::exception& error) {
    return Refused(file, {}, absl::StrCat("cannot be read: ", error.what()));
  }
}

absl::StatusOr<Node> ParseDocument(std::string_view text, std::string_view file,
                                   const DocumentLimits& limits) {
  absl::StatusOr<std::vector<Node>> documents = ParseDocuments(text, file, limits);
  if (!documents.ok()) return documents.status();
  if (documents->empty()) return Node(Node::Kind::kMap, {1, 1});
  if (documents->size() > 1) {
    return Refused(file, (*documents)[1].position(), "a second document; one is expected here");
  }
  return std::move(documents->front());
}

}  // namespace outrigger::loading
