#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

// Strings, where the standard library's views meet Abseil's: Debian builds Abseil as C++14, whose
// absl::string_view is a type of its own.
namespace outrigger::base {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

namespace internal {
inline absl::AlphaNum Piece(std::string_view text) { return absl::AlphaNum(AbslView(text)); }
inline absl::AlphaNum Piece(const std::string& text) { return absl::AlphaNum(text); }
inline absl::AlphaNum Piece(const char* text) { return absl::AlphaNum(text); }
template <typename Number>
requires(!std::convertible_to<const Number&, std::string_view>) absl::AlphaNum
    Piece(const Number& value) {
  return absl::AlphaNum(value);
}
}  // namespace internal

// absl::StrCat and absl::StrAppend for every kind of text and number.
template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  return absl::StrCat(internal::Piece(pieces)...);
}
template <typename... Pieces>
void StrAppend(std::string* out, const Pieces&... pieces) {
  absl::StrAppend(out, internal::Piece(pieces)...);
}

template <typename... Pieces>
absl::Status InvalidArgument(const Pieces&... pieces) {
  return absl::InvalidArgumentError(StrCat(pieces...));
}

// All of `text` as a decimal number without sign or spaces (signed types: a leading '-'); nullopt
// otherwise, also out of range.
template <std::integral Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string_view inline StripSpaces(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace outrigger::base
