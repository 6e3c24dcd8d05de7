#include "source/extensions/http_filters/grpc_json_transcoder/json_scanner.h"

#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsScalarByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' ||
         c == 'E';
}

void SkipSpaces(std::string_view& text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
}

}  // namespace

size_t JsonScanner::Scan(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && state_ != State::kDone && state_ != State::kWrong) {
    if (Step(text[at]) == Byte::kTaken) ++at;
  }
  return at;
}

void JsonScanner::End() {
  if (state_ == State::kScalar && depth_ == 0) {
    state_ = State::kDone;
  } else if (state_ != State::kDone && error_ == nullptr) {
    Fail("the text ends inside a value");
  }
}

JsonScanner::Byte JsonScanner::Fail(const char* error) {
  error_ = error;
  state_ = State::kWrong;
  return Byte::kAgain;
}

void JsonScanner::Open(bool is_object) {
  if (depth_ >= depth_limit_) {
    Fail("more than 100 levels of objects and arrays");
    return;
  }
  objects_[++depth_] = is_object;
  state_ = is_object ? State::kFirstKey : State::kFirstItem;
}

void JsonScanner::Close(bool is_object) {
  if (depth_ == 0 || objects_[depth_] != is_object) {
    Fail("a closing bracket does not match");
    return;
  }
  --depth_;
  ValueEnded();
}

JsonScanner::Byte JsonScanner::Step(char c) {
  switch (state_) {
    case State::kString:
      if (static_cast<uint8_t>(c) < 0x20) return Fail("a control character in a string");
      if (c == '\\') {
        state_ = State::kEscape;
      } else if (c == '"') {
        if (is_key_) {
          state_ = State::kColon;
        } else {
          ValueEnded();
        }
      }
      return Byte::kTaken;
    case State::kEscape:
      state_ = State::kString;
      return Byte::kTaken;
    case State::kScalar:
      if (IsScalarByte(c)) return Byte::kTaken;
      ValueEnded();
      return Byte::kAgain;
    default:
      break;
  }
  if (IsSpace(c)) return Byte::kTaken;
  switch (state_) {
    case State::kFirstItem:
    case State::kValue:
      return StepValue(c);
    case State::kFirstKey:
    case State::kKey:
      return StepKey(c);
    case State::kColon:
      if (c != ':') return Fail("':' is missing behind a key");
      state_ = State::kValue;
      return Byte::kTaken;
    default:
      return StepAfter(c);
  }
}

JsonScanner::Byte JsonScanner::StepValue(char c) {
  if (c == ']' && state_ == State::kFirstItem) {
    Close(false);
  } else if (c == '{' || c == '[') {
    Open(c == '{');
  } else if (c == '"') {
    is_key_ = false;
    state_ = State::kString;
  } else if (IsScalarByte(c)) {
    state_ = State::kScalar;
  } else {
    return Fail("a value is missing");
  }
  return Byte::kTaken;
}

JsonScanner::Byte JsonScanner::StepKey(char c) {
  if (c == '}' && state_ == State::kFirstKey) {
    Close(true);
    return Byte::kTaken;
  }
  if (c != '"') return Fail("a key must be a string");
  is_key_ = true;
  state_ = State::kString;
  return Byte::kTaken;
}

JsonScanner::Byte JsonScanner::StepAfter(char c) {
  if (c == ',') {
    state_ = objects_[depth_] ? State::kKey : State::kValue;
  } else if (c == '}' || c == ']') {
    Close(c == '}');
  } else {
    return Fail("',' or a closing bracket is missing");
  }
  return Byte::kTaken;
}

absl::Status CheckJson(std::string_view text) {
  JsonScanner scanner;
  const size_t taken = scanner.Scan(text);
  scanner.End();
  if (scanner.error() != nullptr) {
    return base::InvalidArgument("invalid JSON at byte ", taken, ": ", scanner.error());
  }
  text.remove_prefix(taken);
  SkipSpaces(text);
  if (!text.empty()) return base::InvalidArgument("invalid JSON: text behind the value");
  return absl::OkStatus();
}

// --- items of an array -------------------------------------------------------------------------

void JsonArraySplitter::Fail(std::string_view what) {
  status_ = base::InvalidArgument("invalid JSON: ", what);
}

JsonArraySplitter::Outcome JsonArraySplitter::Take(std::string_view& text) {
  if (item_was_given_) item_.clear();
  item_was_given_ = false;
  while (status_.ok()) {
    if (state_ == State::kItem) return TakeItem(text);
    SkipSpaces(text);
    if (text.empty()) break;
    const char c = text.front();
    if (state_ == State::kBefore && c == '[') {
      state_ = State::kFirst;
    } else if (state_ == State::kFirst && c != ']') {
      state_ = State::kItem;
      continue;
    } else if (state_ == State::kAfter && c == ',') {
      state_ = State::kItem;
    } else if ((state_ == State::kAfter || state_ == State::kFirst) && c == ']') {
      state_ = State::kClosed;
    } else {
      Fail(state_ == State::kBefore   ? "a stream of messages is an array, '[' is missing"
           : state_ == State::kClosed ? "text behind the array"
                                      : "',' or ']' is missing in the array");
      break;
    }
    text.remove_prefix(1);
  }
  return Outcome::kNeedsMore;
}

JsonArraySplitter::Outcome JsonArraySplitter::TakeItem(std::string_view& text) {
  if (item_.empty()) SkipSpaces(text);
  const size_t taken = scanner_.Scan(text);
  if (scanner_.error() != nullptr) {
    Fail(scanner_.error());
    return Outcome::kNeedsMore;
  }
  if (item_.size() + taken > max_item_bytes_) {
    status_ = absl::ResourceExhaustedError(
        base::StrCat("a message of more than ", max_item_bytes_, " bytes"));
    return Outcome::kNeedsMore;
  }
  item_.append(text.substr(0, taken));
  text.remove_prefix(taken);
  if (!scanner_.is_complete()) return Outcome::kNeedsMore;
  scanner_ = JsonScanner(1);
  state_ = State::kAfter;
  item_was_given_ = true;
  return Outcome::kItem;
}

absl::Status JsonArraySplitter::End() {
  if (status_.ok() && state_ != State::kClosed) Fail("the array is not closed");
  return status_;
}

}  // namespace outrigger::grpc_json_transcoder
