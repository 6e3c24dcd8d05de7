// A sequence of operations on a header map, each repeated on a plain list of pairs: both must agree
// after every step. Two bytes an operation: what, and on which name.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "source/base/check.h"
#include "source/http/header_map.h"

namespace outrigger::http {
namespace {

constexpr const char* kNames[] = {"Host",
                                  "host",
                                  "HOST",
                                  "x-a",
                                  "X-A",
                                  "Via",
                                  "grpc-status",
                                  "",
                                  "x-envoy-retry-on",
                                  "x-envoy-retry-om"};

class Model {
 public:
  void Add(std::string name, std::string value) { list_.emplace_back(name, value); }
  void Set(const std::string& name, const std::string& value) {
    bool is_first = true;
    for (auto it = list_.begin(); it != list_.end();) {
      if (!absl::EqualsIgnoreCase(it->first, name)) {
        ++it;
      } else if (std::exchange(is_first, false)) {
        it++->second = value;
      } else {
        it = list_.erase(it);
      }
    }
    if (is_first) Add(name, value);
  }
  size_t Remove(const std::string& name) {
    const size_t before = list_.size();
    list_.erase(
        std::remove_if(list_.begin(), list_.end(),
                       [&](const auto& pair) { return absl::EqualsIgnoreCase(pair.first, name); }),
        list_.end());
    return before - list_.size();
  }
  void Clear() { list_.clear(); }
  std::vector<std::string> Values(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& [known, value] : list_) {
      if (absl::EqualsIgnoreCase(known, name)) values.push_back(value);
    }
    return values;
  }
  const std::vector<std::pair<std::string, std::string>>& list() const { return list_; }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

void CheckSame(const Model& model, HeaderMap& map) {
  CHECK(map.size() == model.list().size());
  for (size_t i = 0; i < map.size(); ++i) {
    CHECK(map.entries()[i].name() == model.list()[i].first);
    CHECK(map.entries()[i].value() == model.list()[i].second);
  }
  for (const char* name : kNames) {
    const std::vector<std::string> values = model.Values(name);
    const auto first = map.Get(name);
    CHECK(first.has_value() == !values.empty());
    CHECK(!first || *first == values[0]);
    std::string joined;
    for (size_t i = 0; i < values.size(); ++i) joined += (i == 0 ? "" : ",") + values[i];
    CHECK(map.GetJoined(name).value_or("") == joined);
    const HeaderId id = FindHeaderId(name);
    if (id == HeaderId::kOther) continue;
    CHECK(map.Has(id) == !values.empty());
    CHECK(map.Count(id) == values.size());
    CHECK(map.Get(id) == first);
  }
}

}  // namespace
}  // namespace outrigger::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::http;
  outrigger::base::Arena arena;
  HeaderMap map(arena);
  Model model;
  for (size_t i = 0; i + 1 < std::min<size_t>(size, 400); i += 2) {
    const std::string name = kNames[data[i + 1] % (sizeof(kNames) / sizeof(kNames[0]))];
    const std::string value = std::to_string(i);
    switch (data[i] % 6) {
      case 0:
      case 1:
        map.AddCopy(name, value);
        model.Add(name, value);
        break;
      case 2:
        map.SetCopy(name, value);
        model.Set(name, value);
        break;
      case 3:
        CHECK(map.Remove(name) == model.Remove(name));
        break;
      case 4: {
        const HeaderId id = FindHeaderId(name);
        if (id == HeaderId::kOther) break;
        map.Set(id, arena.Copy(value));
        model.Set(std::string(HeaderName(id)), value);
        break;
      }
      default:
        map.Clear();
        model.Clear();
    }
    CheckSame(model, map);
  }
  // Looking any bytes up reads no further than they go.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HeaderId id = FindHeaderId(bytes);
  CHECK(id == HeaderId::kOther || EqualsIgnoreCase(HeaderName(id), bytes));
  return 0;
}
