#include "source/http/header_map.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/check.h"

namespace outrigger::http {
namespace {

constexpr uint32_t kFirstCapacity = 16;

Header MakeHeader(HeaderId id, std::string_view name, std::string_view value) {
  DCHECK(value.size() < (1u << 24));
  Header header = {};
  header.name_data = name.data();
  header.value_data = value.data();
  header.name_size = static_cast<uint32_t>(name.size());
  header.value_size = static_cast<uint32_t>(value.size()) & 0xFFFFFFu;
  header.id = id;
  return header;
}

// RFC 9110 5.6.3: what may stand around the commas of a list.
std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A name as one question: by id when it is known, by spelling otherwise.
class NameMatch {
 public:
  explicit NameMatch(std::string_view name) : name_(name), id_(FindHeaderId(name)) {}
  explicit NameMatch(HeaderId id) : name_(HeaderName(id)), id_(id) {}

  HeaderId id() const { return id_; }
  bool operator()(const Header& header) const {
    if (header.id != id_) return false;
    return id_ != HeaderId::kOther || EqualsIgnoreCase(header.name(), name_);
  }

 private:
  std::string_view name_;
  HeaderId id_;
};

}  // namespace

size_t HeaderMap::byte_size() const {
  size_t sum = 0;
  for (const Header& header : entries()) sum += header.name_size + header.value_size;
  return sum;
}

void HeaderMap::Reserve(size_t count) {
  if (count <= capacity_) return;
  Header* grown = arena_->AllocateArray<Header>(count);
  if (size_ != 0) std::memcpy(static_cast<void*>(grown), entries_, sizeof(Header) * size_);
  entries_ = grown;
  capacity_ = static_cast<uint32_t>(count);
}

void HeaderMap::Append(const Header& header) {
  if (size_ == capacity_) Reserve(std::max(kFirstCapacity, capacity_ * 2));
  entries_[size_++] = header;
  present_ |= Bit(header.id);
}

void HeaderMap::Recount() {
  present_ = 0;
  for (const Header& header : entries()) present_ |= Bit(header.id);
}

std::optional<std::string_view> HeaderMap::Get(HeaderId id) const {
  if (!Has(id) || id == HeaderId::kOther) return std::nullopt;
  const Header* at = entries_;
  while (at->id != id) ++at;
  return at->value();
}

std::optional<std::string_view> HeaderMap::Get(std::string_view name) const {
  const NameMatch matches(name);
  if (!Has(matches.id())) return std::nullopt;
  for (const Header& header : entries()) {
    if (matches(header)) return header.value();
  }
  return std::nullopt;
}

std::optional<std::string_view> HeaderMap::GetJoined(std::string_view name) {
  const NameMatch matches(name);
  if (!Has(matches.id())) return std::nullopt;
  size_t count = 0;
  size_t bytes = 0;
  std::string_view first;
  for (const Header& header : entries()) {
    if (!matches(header)) continue;
    if (count++ == 0) first = header.value();
    bytes += header.value_size + 1;
  }
  if (count == 0) return std::nullopt;
  if (count == 1) return first;
  char* joined = arena_->AllocateArray<char>(bytes);
  char* to = joined;
  for (const Header& header : entries()) {
    if (!matches(header)) continue;
    if (to != joined) *to++ = ',';
    if (header.value_size != 0) std::memcpy(to, header.value_data, header.value_size);
    to += header.value_size;
  }
  return std::string_view(joined, static_cast<size_t>(to - joined));
}

size_t HeaderMap::Count(HeaderId id) const {
  if (!Has(id)) return 0;
  return static_cast<size_t>(std::count_if(entries_, entries_ + size_,
                                           [id](const Header& header) { return header.id == id; }));
}

void HeaderMap::Add(HeaderId id, std::string_view value) {
  Append(MakeHeader(id, HeaderName(id), value));
}

void HeaderMap::Add(std::string_view name, std::string_view value) {
  Append(MakeHeader(FindHeaderId(name), name, value));
}

void HeaderMap::Add(HeaderId id, std::string_view name, std::string_view value) {
  Append(MakeHeader(id, name, value));
}

void HeaderMap::AddCopy(std::string_view name, std::string_view value) {
  Add(arena_->Copy(name), arena_->Copy(value));
}

void HeaderMap::Set(HeaderId id, std::string_view value) {
  if (!Has(id)) return Add(id, value);
  bool is_first = true;
  RemoveIf([&](const Header& header) {
    if (header.id != id) return false;
    return !std::exchange(is_first, false);
  });
  for (Header& header : absl::MakeSpan(entries_, size_)) {
    if (header.id == id) header = MakeHeader(id, header.name(), value);
  }
}

void HeaderMap::SetCopy(std::string_view name, std::string_view value) {
  const NameMatch matches(name);
  value = arena_->Copy(value);
  bool is_first = true;
  if (Has(matches.id())) {
    RemoveIf(
        [&](const Header& header) { return matches(header) && !std::exchange(is_first, false); });
  }
  if (is_first) return Add(matches.id(), arena_->Copy(name), value);
  for (Header& header : absl::MakeSpan(entries_, size_)) {
    if (matches(header)) header = MakeHeader(header.id, header.name(), value);
  }
}

size_t HeaderMap::Remove(HeaderId id) {
  if (!Has(id)) return 0;
  return RemoveIf([id](const Header& header) { return header.id == id; });
}

size_t HeaderMap::Remove(std::string_view name) {
  const NameMatch matches(name);
  if (!Has(matches.id())) return 0;
  return RemoveIf(matches);
}

void HeaderMap::Clear() {
  size_ = 0;
  present_ = 0;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && absl::ascii_tolower(static_cast<unsigned char>(a[i])) !=
                            absl::ascii_tolower(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

bool HasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view member = Trim(list.substr(0, comma));
    if (EqualsIgnoreCase(member, token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace outrigger::http
