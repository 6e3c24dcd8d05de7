#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace outrigger::grpc_json_transcoder {

inline constexpr size_t kMaxJsonDepth = 100;

// Finds the end of one JSON value in text that comes in pieces (RFC 8259). It checks the structure
// and is strict where libprotobuf's parser, which reads the value after it, is not: keys and
// strings in double quotes, no comma before a closing bracket. Whether a word or a number is one is
// left to that parser.
// Limits: kMaxJsonDepth levels of objects and arrays, of which `outer` are taken already.
class JsonScanner {
 public:
  explicit JsonScanner(size_t outer = 0) : depth_limit_(kMaxJsonDepth - outer) {}

  // How many bytes of `text` belong to the value, with spaces before it. Fewer than all: it is
  // complete, and what follows is not part of it.
  size_t Scan(std::string_view text);
  bool is_complete() const { return state_ == State::kDone; }
  // Of a number or a word, only what follows tells that it is complete: the end does.
  void End();
  // Null as long as nothing is wrong; otherwise a text such as "a key must be a string".
  const char* error() const { return error_; }

 private:
  enum class State : uint8_t {
    kValue,      // a value is due
    kFirstItem,  // behind '[': a value or ']'
    kFirstKey,   // behind '{': a key or '}'
    kKey,        // behind ',' in an object
    kColon,      // behind a key
    kAfter,      // behind a value inside something
    kString,     // inside quotes
    kEscape,     // behind '\'
    kScalar,     // inside a number or a word
    kDone,
    kWrong,
  };
  // Returns whether the byte was taken.
  enum class Byte : uint8_t { kTaken, kAgain };
  Byte Step(char c);
  Byte StepValue(char c);
  Byte StepKey(char c);
  Byte StepAfter(char c);
  void Open(bool is_object);
  void Close(bool is_object);
  void ValueEnded() { state_ = depth_ == 0 ? State::kDone : State::kAfter; }
  Byte Fail(const char* error);

  size_t depth_limit_;
  State state_ = State::kValue;
  bool is_key_ = false;  // the string is a key
  size_t depth_ = 0;
  std::bitset<kMaxJsonDepth + 1> objects_;  // by level, whether it is an object
  const char* error_ = nullptr;
};

// Whether `text` is exactly one JSON value, with spaces around it.
absl::Status CheckJson(std::string_view text);

// Cuts the items out of one JSON array that comes in pieces.
// Limits: an item of more than `max_item_bytes` is an error of code RESOURCE_EXHAUSTED; all others
// are INVALID_ARGUMENT.
class JsonArraySplitter {
 public:
  explicit JsonArraySplitter(size_t max_item_bytes) : max_item_bytes_(max_item_bytes) {}

  // Takes from the front of `text` up to the end of an item. True: item() is one.
  enum class Outcome : uint8_t { kItem, kNeedsMore };
  Outcome Take(std::string_view& text);
  // Text of the item that Take ended; the next Take forgets it.
  const std::string& item() const { return item_; }
  // Not OK once something is wrong; nothing else is of use then.
  const absl::Status& status() const { return status_; }
  // At the end of the text: not OK when the array is not closed.
  absl::Status End();
  size_t held_bytes() const { return item_.size(); }

 private:
  enum class State : uint8_t { kBefore, kFirst, kItem, kAfter, kClosed };
  void Fail(std::string_view what);
  Outcome TakeItem(std::string_view& text);

  const size_t max_item_bytes_;
  State state_ = State::kBefore;
  JsonScanner scanner_{1};
  std::string item_;
  bool item_was_given_ = false;
  absl::Status status_;
};

}  // namespace outrigger::grpc_json_transcoder
