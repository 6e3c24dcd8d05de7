#include "source/http/header_id.h"

#include <array>
#include <cstring>

namespace outrigger::http {
namespace {

constexpr std::string_view kNames[] = {"",
#define OUTRIGGER_HEADER_NAME(id, name) name,
                                       OUTRIGGER_KNOWN_HEADERS(OUTRIGGER_HEADER_NAME)
#undef OUTRIGGER_HEADER_NAME
};
constexpr size_t kNameCount = sizeof(kNames) / sizeof(kNames[0]);
constexpr int kSlotBits = 8;
constexpr size_t kMinSize = 2;

// Length and three letters tell the names apart; `| 0x20` folds the case of letters.
constexpr uint32_t Key(std::string_view name) {
  const auto at = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(name[i]) | 0x20u);
  };
  return static_cast<uint32_t>(name.size()) | at(name.size() - 2) << 8 | at(name.size() - 1) << 16 |
         at(name.size() / 2) << 24;
}

constexpr uint32_t SlotOf(uint32_t key, uint32_t factor) {
  return (key * factor) >> (32 - kSlotBits);
}

struct PerfectHash {
  uint32_t factor = 0;
  std::array<HeaderId, 1 << kSlotBits> slots{};
};

// Tries odd factors until no two names share a slot; the compiler runs this.
constexpr PerfectHash FindPerfectHash() {
  PerfectHash hash;
  for (uint32_t factor = 0x9E3779B1u;; factor += 0x61C88647u) {
    hash.factor = factor | 1;
    hash.slots = {};
    bool is_free = true;
    for (size_t i = 1; i < kNameCount && is_free; ++i) {
      HeaderId& slot = hash.slots[SlotOf(Key(kNames[i]), hash.factor)];
      is_free = slot == HeaderId::kOther;
      slot = static_cast<HeaderId>(i);
    }
    if (is_free) return hash;
  }
}
constexpr PerfectHash kHash = FindPerfectHash();

// Whether `text` is `lower` in any case. `lower` holds only lower-case letters, digits and '-', so
// a byte of it has bit 0x40 exactly if it is a letter, and only there may bit 0x20 differ.
template <typename Word>
bool WordMatches(const char* text, const char* lower) {
  Word a;
  Word b;
  std::memcpy(&a, text, sizeof(Word));
  std::memcpy(&b, lower, sizeof(Word));
  constexpr Word kBit = static_cast<Word>(0x2020202020202020u);
  return (a | ((b >> 1) & kBit)) == b;
}

bool Matches(std::string_view text, std::string_view lower) {
  const size_t size = lower.size();
  const char* a = text.data();
  const char* b = lower.data();
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) {
      if (!WordMatches<uint64_t>(a + i, b + i)) return false;
    }
    return WordMatches<uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return WordMatches<uint32_t>(a, b) && WordMatches<uint32_t>(a + size - 4, b + size - 4);
  }
  return WordMatches<uint16_t>(a, b) && WordMatches<uint16_t>(a + size - 2, b + size - 2);
}

}  // namespace

HeaderId FindHeaderId(std::string_view name) {
  if (name.size() < kMinSize) return HeaderId::kOther;
  const HeaderId id = kHash.slots[SlotOf(Key(name), kHash.factor)];
  const std::string_view candidate = kNames[static_cast<size_t>(id)];
  if (candidate.size() != name.size() || !Matches(name, candidate)) return HeaderId::kOther;
  return id;
}

std::string_view HeaderName(HeaderId id) { return kNames[static_cast<size_t>(id)]; }

}  // namespace outrigger::http
