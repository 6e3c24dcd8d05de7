#include "source/http/http1/head_parser.h"

#include <algorithm>
#include <cstring>

#include "source/http/http1/scan.h"

namespace outrigger::http::http1 {
namespace {

constexpr size_t kVersionSize = 8;  // "HTTP/1.1"

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What a step of the parser found: go on, wait for bytes, or a fault.
struct Step {
  enum class Kind : uint8_t { kGoOn, kNeedMore, kRefused } kind;
  const Refusal* refusal = nullptr;

  static Step GoOn() { return {Kind::kGoOn}; }
  static Step NeedMore() { return {Kind::kNeedMore}; }
  static Step Refuse(const Refusal& refusal) { return {Kind::kRefused, &refusal}; }
  bool goes_on() const { return kind == Kind::kGoOn; }
};

// Reads lines off one piece of memory.
class LineParser {
 public:
  LineParser(std::string_view bytes, ParsedHead& head)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), head_(head) {}

  Step SkipEmptyLine();
  Step RequestLine();
  Step StatusLine();
  Step Fields(const Options& options, const Refusal& too_many);
  size_t consumed() const { return static_cast<size_t>(at_ - begin_); }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  Step LineEnd(const Refusal& otherwise);
  Step OneField();
  Step Version(Protocol& protocol);
  static Step RefuseName(std::string_view name);

  const char* const begin_;
  const char* at_;
  const char* const end_;
  ParsedHead& head_;
};

// CRLF, and nothing else that some take for a line end (RFC 9112 2.2).
Step LineParser::LineEnd(const Refusal& otherwise) {
  if (at_ == end_) return Step::NeedMore();
  if (*at_ == '\n') return Step::Refuse(kBareLf);
  if (*at_ != '\r') return Step::Refuse(otherwise);
  if (left() < 2) return Step::NeedMore();
  if (at_[1] != '\n') return Step::Refuse(kBareCr);
  at_ += 2;
  return Step::GoOn();
}

// RFC 9112 2.2: old clients send an extra CRLF after a POST; one is forgiven.
Step LineParser::SkipEmptyLine() {
  if (at_ == end_) return Step::NeedMore();
  if (*at_ != '\r') return Step::GoOn();
  return LineEnd(kBareCr);
}

Step LineParser::Version(Protocol& protocol) {
  const std::string_view version(at_, std::min(left(), kVersionSize));
  if (version.size() < kVersionSize) {
    const bool is_line_over = version.find('\n') != std::string_view::npos;
    return is_line_over ? Step::Refuse(kBadVersion) : Step::NeedMore();
  }
  if (version == "HTTP/1.1") {
    protocol = Protocol::kHttp11;
  } else if (version == "HTTP/1.0") {
    protocol = Protocol::kHttp10;
  } else if (version.starts_with("HTTP/") && IsDigit(version[5]) && version[6] == '.' &&
             IsDigit(version[7])) {
    const bool is_preface = head_.method == "PRI" && head_.target == "*" && version[5] == '2';
    return Step::Refuse(is_preface ? kHttp2Preface : kOtherVersion);
  } else {
    return Step::Refuse(kBadVersion);
  }
  at_ += kVersionSize;
  return Step::GoOn();
}

Step LineParser::RequestLine() {
  const char* const method = at_;
  const char* p = at_;
  while (p != end_ && IsToken(*p)) ++p;
  if (p == end_) return Step::NeedMore();
  if (*p != ' ' || p == method) return Step::Refuse(*p == '\n' ? kBareLf : kBadMethod);
  head_.method = {method, static_cast<size_t>(p - method)};

  const char* const target = ++p;
  p = FindTargetEnd(p, end_);
  if (p == end_) return Step::NeedMore();
  if (*p != ' ') {
    at_ = p;
    const Step line_end = LineEnd(kBadTarget);
    return line_end.goes_on() ? Step::Refuse(kHttp09) : line_end;
  }
  if (p == target) return Step::Refuse(kBadTarget);
  head_.target = {target, static_cast<size_t>(p - target)};

  at_ = p + 1;
  const Step version = Version(head_.protocol);
  return version.goes_on() ? LineEnd(kBadVersion) : version;
}

Step LineParser::StatusLine() {
  const Step version = Version(head_.protocol);
  if (version.kind == Step::Kind::kRefused) return Step::Refuse(kBadStatusLine);
  if (!version.goes_on()) return version;
  constexpr size_t kStatusSize = 4;  // " 200"
  if (left() < kStatusSize) {
    const bool is_line_over = std::memchr(at_, '\n', left()) != nullptr;
    return is_line_over ? Step::Refuse(kBadStatusLine) : Step::NeedMore();
  }
  if (at_[0] != ' ' || !IsDigit(at_[1]) || !IsDigit(at_[2]) || !IsDigit(at_[3]) || at_[1] == '0') {
    return Step::Refuse(kBadStatusLine);
  }
  head_.status = (at_[1] - '0') * 100 + (at_[2] - '0') * 10 + (at_[3] - '0');
  at_ += kStatusSize;
  if (at_ == end_) return Step::NeedMore();
  // The space before an empty reason is left out by many; nothing can be mistaken without it.
  if (*at_ == ' ') {
    const char* const reason = ++at_;
    at_ = FindValueEnd(at_, end_);
    head_.reason = {reason, static_cast<size_t>(at_ - reason)};
  }
  return LineEnd(kBadStatusLine);
}

Step LineParser::RefuseName(std::string_view name) {
  if (name.empty()) return Step::Refuse(kBadName);
  if (IsBlank(name.front())) return Step::Refuse(kObsFold);
  const size_t at =
      static_cast<size_t>(std::find_if_not(name.begin(), name.end(), IsToken) - name.begin());
  if (name[at] == '\n') return Step::Refuse(kBareLf);
  if (name[at] == '\r') {
    const bool is_line_end = at + 1 < name.size() && name[at + 1] == '\n';
    return Step::Refuse(is_line_end ? kBadName : kBareCr);
  }
  const bool is_blank_to_the_end = std::all_of(name.begin() + at, name.end(), IsBlank);
  return Step::Refuse(is_blank_to_the_end ? kSpaceBeforeColon : kBadName);
}

Step LineParser::OneField() {
  const char* const colon = FindColon(at_, end_);
  if (colon == end_) {
    const void* lf = std::memchr(at_, '\n', left());
    if (lf == nullptr) return Step::NeedMore();
    return RefuseName({at_, static_cast<size_t>(static_cast<const char*>(lf) + 1 - at_)});
  }
  const std::string_view name(at_, static_cast<size_t>(colon - at_));
  const HeaderId id = FindHeaderId(name);
  // A known name is made of token characters; the others are looked at.
  if (id == HeaderId::kOther && (name.empty() || !std::all_of(name.begin(), name.end(), IsToken))) {
    return RefuseName(name);
  }
  const char* value = colon + 1;
  while (value != end_ && IsBlank(*value)) ++value;
  at_ = FindValueEnd(value, end_);
  const char* value_end = at_;
  if (const Step line_end = LineEnd(kBadValue); !line_end.goes_on()) return line_end;
  while (value_end != value && IsBlank(value_end[-1])) --value_end;

  Field& field = head_.fields.emplace_back();
  field.name_at = static_cast<uint32_t>(name.data() - begin_);
  field.name_size = static_cast<uint32_t>(name.size());
  field.value_at = static_cast<uint32_t>(value - begin_);
  field.value_size = static_cast<uint32_t>(value_end - value) & 0xFFFFFFu;
  field.id = id;
  head_.present |= FieldBit(id);
  return Step::GoOn();
}

Step LineParser::Fields(const Options& options, const Refusal& too_many) {
  for (;;) {
    if (at_ == end_) return Step::NeedMore();
    if (*at_ == '\r' || *at_ == '\n') return LineEnd(kBareLf);
    if (head_.fields.size() == options.max_headers) return Step::Refuse(too_many);
    const Step step = OneField();
    if (!step.goes_on()) return step;
  }
}

ParseResult ToResult(const LineParser& parser, Step step) {
  if (step.goes_on()) return {ParseResult::State::kComplete, parser.consumed()};
  if (step.kind == Step::Kind::kNeedMore) return {};
  return {ParseResult::State::kRefused, 0, step.refusal};
}

}  // namespace

ParseResult ParseRequestHead(std::string_view bytes, const Options& options, ParsedHead& head) {
  LineParser parser(bytes.substr(0, options.max_head_bytes), head);
  bool has_line = false;
  Step step = parser.SkipEmptyLine();
  if (step.goes_on()) step = parser.RequestLine();
  if (step.goes_on()) {
    has_line = true;
    step = parser.Fields(options, kTooManyHeaders);
  }
  if (step.kind == Step::Kind::kNeedMore && bytes.size() >= options.max_head_bytes) {
    step = Step::Refuse(has_line ? kHeadTooLong : kLineTooLong);
  }
  return ToResult(parser, step);
}

ParseResult ParseResponseHead(std::string_view bytes, const Options& options, ParsedHead& head) {
  LineParser parser(bytes.substr(0, options.max_head_bytes), head);
  Step step = parser.StatusLine();
  if (step.goes_on()) step = parser.Fields(options, kTooManyHeaders);
  if (step.kind == Step::Kind::kNeedMore && bytes.size() >= options.max_head_bytes) {
    step = Step::Refuse(kHeadTooLong);
  }
  return ToResult(parser, step);
}

ParseResult ParseTrailers(std::string_view bytes, const Options& options, ParsedHead& trailers) {
  LineParser parser(bytes.substr(0, options.max_head_bytes), trailers);
  Step step = parser.Fields(options, kTooManyTrailers);
  if (step.kind == Step::Kind::kNeedMore && bytes.size() >= options.max_head_bytes) {
    step = Step::Refuse(kTrailersTooLong);
  }
  return ToResult(parser, step);
}

}  // namespace outrigger::http::http1
