#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrigger::server {

// A page of HTML as it grows. Names and reasons come from control planes and peers, so text and
// markup are told apart by their types: only literals are markup, all else is escaped.
class Html final {
 public:
  template <size_t N>
  Html& Markup(const char (&literal)[N]) {
    text_.append(literal, N - 1);
    return *this;
  }
  Html& Text(std::string_view text);
  template <std::integral Number>
  Html& Text(Number number) {
    text_ += std::to_string(number);
    return *this;
  }
  // A cell of a table, of text or a number.
  template <typename Value>
  Html& Cell(const Value& value) {
    return Markup("<td>").Text(value).Markup("</td>");
  }
  template <std::integral Number>
  Html& NumberCell(Number number) {
    return Markup("<td class=n>").Text(number).Markup("</td>");
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace outrigger::server
