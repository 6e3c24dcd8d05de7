#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/types/span.h"
#include "source/base/arena.h"
#include "source/http/header_id.h"

namespace outrigger::http {

struct Header {
  const char* name_data;
  const char* value_data;
  uint32_t name_size;
  uint32_t value_size : 24;
  HeaderId id : 8;

  std::string_view name() const { return {name_data, name_size}; }  // as the peer spelled it
  std::string_view value() const { return {value_data, value_size}; }
};

// The header fields of one head or trailer section, in the order and spelling in which they came
// (RFC 9110 5.3). Names compare without regard to case. Known names (header_id.h) are told apart
// once, when they are added, so asking for one reads a bit and, if it is set, compares single
// bytes. Owner: a head.  Thread: the stream's worker. Lifetime: names and values are views into the
// arena (or into literals and the stream's config snapshot); they stay valid as long as the stream,
// even when the header is removed. Limits: the codec's, on bytes and count, before anything gets
// here; a value holds < 16 MiB.
class HeaderMap {
 public:
  explicit HeaderMap(base::Arena& arena) : arena_(&arena) {}
  HeaderMap(const HeaderMap&) = delete;
  HeaderMap& operator=(const HeaderMap&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  absl::Span<const Header> entries() const { return {entries_, size_}; }
  // Sum of the bytes of names and values.
  size_t byte_size() const;
  base::Arena& arena() { return *arena_; }

  // Lets room for `count` entries be allocated at once.
  void Reserve(size_t count);

  // The value of the first header of that name.
  std::optional<std::string_view> Get(HeaderId id) const;
  std::optional<std::string_view> Get(std::string_view name) const;
  bool Has(HeaderId id) const { return (present_ & Bit(id)) != 0; }
  // All values of that name joined with "," (RFC 9110 5.2); the arena keeps a joined one.
  std::optional<std::string_view> GetJoined(std::string_view name);
  size_t Count(HeaderId id) const;

  // Appends. `name` and `value` must live as long as the arena.
  void Add(HeaderId id, std::string_view value);            // name in its usual spelling
  void Add(std::string_view name, std::string_view value);  // looks the name up
  void Add(HeaderId id, std::string_view name, std::string_view value);  // id known by the caller
  // As Add, with copies of both in the arena.
  void AddCopy(std::string_view name, std::string_view value);
  // Replaces the first header of that name in its place, removes the others, or appends.
  void Set(HeaderId id, std::string_view value);
  void SetCopy(std::string_view name, std::string_view value);
  // Returns how many were removed.
  size_t Remove(HeaderId id);
  size_t Remove(std::string_view name);
  // Removes every header for which drop(const Header&) is true, keeping the order.
  template <typename Drop>
  size_t RemoveIf(Drop drop);
  void Clear();

 private:
  static uint64_t Bit(HeaderId id) { return uint64_t{1} << static_cast<int>(id); }
  void Append(const Header& header);
  void Recount();

  base::Arena* arena_;
  Header* entries_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  uint64_t present_ = 0;  // one bit for each known id
};

template <typename Drop>
size_t HeaderMap::RemoveIf(Drop drop) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < size_; ++i) {
    if (!drop(static_cast<const Header&>(entries_[i]))) entries_[kept++] = entries_[i];
  }
  const size_t removed = size_ - kept;
  size_ = kept;
  if (removed != 0) Recount();
  return removed;
}

// ASCII case-insensitive equality, the comparison of field names.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// Whether `list` (comma-separated, RFC 9110 5.6.1) has `token`, without regard to case.
bool HasToken(std::string_view list, std::string_view token);

}  // namespace outrigger::http
