#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "source/base/arena.h"
#include "source/http/head.h"

namespace outrigger::route {

// A request head with the arena that it needs.
class Request {
 public:
  using Headers = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  explicit Request(std::string_view target, Headers headers = {{"host", "example.com"}})
      : head(arena_) {
    head.target = arena_.Copy(target);
    for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  }
  static Request To(std::string_view host, std::string_view target = "/") {
    return Request(target, {{"host", host}});
  }

 private:
  base::Arena arena_;

 public:
  http::RequestHead head;
};

}  // namespace outrigger::route
