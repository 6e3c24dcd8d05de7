// Runs a fuzz target over the files named on the command line, each as one test case, and once over
// the empty input. So a found crash stays found, with every compiler and sanitizer.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace outrigger {
namespace {

class Replay final : public testing::Test {
 public:
  explicit Replay(std::string path) : path_(std::move(path)) {}

  void TestBody() override {
    std::string input;
    if (!path_.empty()) {
      std::ifstream file(path_, std::ios::binary);
      ASSERT_TRUE(file.good()) << path_ << ": cannot be read";
      input.assign(std::istreambuf_iterator<char>(file), {});
    }
    // A copy of the exact size: the terminating NUL of a string would hide a read past the end.
    const std::vector<uint8_t> bytes(input.begin(), input.end());
    EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
  }

 private:
  const std::string path_;
};

void Register(const std::string& name, const std::string& path) {
  testing::RegisterTest("Corpus", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [path]() -> testing::Test* { return new Replay(path); });
}

}  // namespace
}  // namespace outrigger

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  outrigger::Register("empty_input", "");
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    outrigger::Register(path.substr(path.rfind('/') + 1), path);
  }
  return RUN_ALL_TESTS();
}
