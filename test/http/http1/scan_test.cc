#include "source/http/http1/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace outrigger::http::http1 {
namespace {

// Every byte value at every place of every length up to three SSE blocks: sixteen at once must find
// what one at a time would.
template <typename Rule>
void FindsEachByteEverywhere(char filler) {
  for (size_t size = 0; size <= 48; ++size) {
    const std::string clean(size, filler);
    const char* const begin = clean.data();
    EXPECT_EQ(FindFirst<Rule>(begin, begin + size), begin + size);
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = clean;
        text[at] = static_cast<char>(byte);
        const char* const end = text.data() + size;
        const size_t expected = Rule::Test(static_cast<uint8_t>(byte)) ? at : size;
        ASSERT_EQ(FindFirst<Rule>(text.data(), end) - text.data(), expected)
            << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Scan, ValuesEndAtControls) { FindsEachByteEverywhere<ValueEndRule>('v'); }
TEST(Scan, TargetsEndAtWhatIsNotVisible) { FindsEachByteEverywhere<TargetEndRule>('t'); }
TEST(Scan, NamesEndAtColons) { FindsEachByteEverywhere<ColonRule>('n'); }

TEST(Scan, TheFirstOfSeveralIsFound) {
  const std::string text = "0123456789abcdefgh\n\r:0123456789abcdef:";
  const char* const begin = text.data();
  EXPECT_EQ(FindValueEnd(begin, begin + text.size()) - begin, 18);
  EXPECT_EQ(FindColon(begin, begin + text.size()) - begin, 20);
}

TEST(Scan, TokensAreThoseOfTheRfc) {
  const std::string tokens =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(IsToken(c), tokens.find(c) != std::string::npos) << byte;
  }
}

}  // namespace
}  // namespace outrigger::http::http1
