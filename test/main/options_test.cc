#include "source/main/options.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace outrigger::main {
namespace {

absl::StatusOr<Options> Parse(std::vector<const char*> arguments) {
  return Options::Parse(arguments);
}

TEST(Options, TakeWhatIstioPasses) {
  const auto options = Parse(
      {"-c", "etc/envoy-rev.json", "--drain-time-s", "45", "--drain-strategy", "immediate",
       "--local-address-ip-version", "v4", "--file-flush-interval-msec", "1000",
       "--disable-hot-restart", "--allow-unknown-static-fields", "-l", "warning",
       "--component-log-level", "misc:error", "--skip-deprecated-logs", "--concurrency", "2"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->config_path, "etc/envoy-rev.json");
  EXPECT_EQ(options->drain_time, std::chrono::seconds(45));
  EXPECT_TRUE(options->drains_immediately);
  EXPECT_TRUE(options->allow_unknown_static_fields);
  EXPECT_EQ(options->concurrency, 2u);
  EXPECT_EQ(options->log_level, "warning");
}

TEST(Options, TakeValuesBehindAnEqualsSign) {
  const auto options = Parse({"--config-yaml={}", "--mode=validate"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->config_yaml, "{}");
  EXPECT_EQ(options->mode, Options::Mode::kValidate);
}

TEST(Options, SayWhatIsWrong) {
  const auto message = [](std::vector<const char*> arguments) {
    return std::string(Parse(std::move(arguments)).status().message());
  };
  EXPECT_EQ(message({"--frobnicate"}), "--frobnicate: unknown flag; --help lists them");
  EXPECT_EQ(message({"-c"}), "-c: wants a value, FILE");
  EXPECT_EQ(message({"-c", "x", "--concurrency", "many"}),
            "--concurrency: wants a number of worker threads from 0 to 512 (0: as many as CPUs), "
            "got \"many\"");
  EXPECT_EQ(message({"-c", "x", "--mode", "dry"}),
            "--mode: wants one of serve, validate, init_only, got \"dry\"");
  EXPECT_THAT(message({}), ::testing::HasSubstr("no configuration"));
  EXPECT_THAT(message({"-c", "x", "--restart-epoch", "1"}), ::testing::HasSubstr("hot restart"));
  EXPECT_EQ(message({"--disable-hot-restart=yes"}),
            "--disable-hot-restart: takes no value, got \"yes\"");
}

TEST(Options, NeedNothingForHelpAndVersion) {
  EXPECT_EQ(Parse({"--help"})->ask, Options::Ask::kHelp);
  EXPECT_EQ(Parse({"--version"})->ask, Options::Ask::kVersion);
  EXPECT_THAT(Options::Help(), ::testing::HasSubstr("--drain-time-s SECONDS"));
}

TEST(DefaultConcurrency, IsAtLeastOne) { EXPECT_GE(DefaultConcurrency(), 1u); }

}  // namespace
}  // namespace outrigger::main
