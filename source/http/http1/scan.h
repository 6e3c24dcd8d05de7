#pragma once

#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace outrigger::http::http1 {

// RFC 9110 5.6.2: what methods and field names are made of.
bool IsToken(char c);

// The first byte in [p, end) that may not stand in a field value: a control but HTAB, or DEL
// (RFC 9110 5.5); end if there is none.
const char* FindValueEnd(const char* p, const char* end);
// The first byte that may not stand in a request target: not a visible ASCII character.
const char* FindTargetEnd(const char* p, const char* end);
const char* FindColon(const char* p, const char* end);

// One definition of each search: `Rule` tells a single byte, and 16 of them at once where SSE2 is.
// Most of a head's bytes are looked at here and nowhere else.
template <typename Rule>
const char* FindFirst(const char* p, const char* end) {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const int hits = _mm_movemask_epi8(Rule::Test(bytes));
    if (hits != 0) return p + __builtin_ctz(static_cast<unsigned>(hits));
    p += 16;
  }
#endif
  while (p != end && !Rule::Test(static_cast<uint8_t>(*p))) ++p;
  return p;
}

struct ValueEndRule {
  static bool Test(uint8_t c) { return (c < 0x20 && c != '\t') || c == 0x7F; }
#if defined(__SSE2__)
  static __m128i Test(__m128i bytes) {
    const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    const __m128i is_tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    const __m128i is_delete = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
    return _mm_or_si128(_mm_andnot_si128(is_tab, is_control), is_delete);
  }
#endif
};

struct TargetEndRule {
  static bool Test(uint8_t c) { return c <= 0x20 || c >= 0x7F; }
#if defined(__SSE2__)
  static __m128i Test(__m128i bytes) {
    // Signed: bytes from 0x80 on are below zero, and so below 0x21.
    const __m128i is_low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
    return _mm_or_si128(is_low, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
  }
#endif
};

struct ColonRule {
  static bool Test(uint8_t c) { return c == ':'; }
#if defined(__SSE2__)
  static __m128i Test(__m128i bytes) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')); }
#endif
};

inline const char* FindValueEnd(const char* p, const char* end) {
  return FindFirst<ValueEndRule>(p, end);
}
inline const char* FindTargetEnd(const char* p, const char* end) {
  return FindFirst<TargetEndRule>(p, end);
}
inline const char* FindColon(const char* p, const char* end) {
  return FindFirst<ColonRule>(p, end);
}

// A set of ASCII characters, one bit each: the letters, the digits and `others`.
class CharSet {
 public:
  explicit constexpr CharSet(std::string_view others) {
    for (char c = '0'; c <= '9'; ++c) Add(c);
    for (char c = 'a'; c <= 'z'; ++c) Add(c);
    for (char c = 'A'; c <= 'Z'; ++c) Add(c);
    for (const char c : others) Add(c);
  }
  constexpr bool Has(char c) const {
    const auto byte = static_cast<uint8_t>(c);
    return (words_[byte >> 6] >> (byte & 63) & 1) != 0;
  }

 private:
  constexpr void Add(char c) {
    const auto byte = static_cast<uint8_t>(c);
    words_[byte >> 6] |= uint64_t{1} << (byte & 63);
  }
  uint64_t words_[4] = {};
};

inline constexpr CharSet kTokenSet("!#$%&'*+-.^_`|~");

inline bool IsToken(char c) { return kTokenSet.Has(c); }

}  // namespace outrigger::http::http1
