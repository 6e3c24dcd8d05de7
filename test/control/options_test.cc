#include "source/control/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace outrigger::control {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto options = ParseOptions(arguments);
  return options.ok() ? "no error" : std::string(options.status().message());
}

TEST(Options, TakesValuesInBothForms) {
  const auto options = ParseOptions({"--dir", "d", "--listen=unix:/s", "--log-level", "debug"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->mode, Options::Mode::kServe);
  EXPECT_EQ(options->directory, "d");
  EXPECT_EQ(options->listen.address, "unix:/s");
  EXPECT_EQ(options->log_level, LogLevel::kDebug);
}

TEST(Options, ListensOnLoopbackByDefault) {
  EXPECT_EQ(ParseOptions({"--dir=d"})->listen.address, "127.0.0.1:18000");
}

TEST(Options, KnowsItsModes) {
  EXPECT_EQ(ParseOptions({"--dir=d", "--check"})->mode, Options::Mode::kCheck);
  EXPECT_EQ(ParseOptions({"--version"})->mode, Options::Mode::kShowVersion);
  EXPECT_EQ(ParseOptions({"--help"})->mode, Options::Mode::kShowHelp);
}

TEST(Options, SaysWhatIsWrongAndWhatIsRight) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("--dir: must name the directory"));
  EXPECT_EQ(ErrorOf({"--dir"}), "--dir: needs a value; see --help");
  EXPECT_THAT(ErrorOf({"--dirr=x"}), HasSubstr("did you mean \"--dir\"?"));
  EXPECT_THAT(ErrorOf({"--dir=d", "--log-level=loud"}),
              HasSubstr("unknown level \"loud\"; known: error, warning, info, debug"));
}

TEST(Options, TlsNeedsACertificateAndItsKey) {
  const auto options =
      ParseOptions({"--dir=d", "--tls-cert=c.pem", "--tls-key", "k.pem", "--tls-client-ca=a.pem"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->listen.uses_tls());
  EXPECT_EQ(options->listen.tls_key, "k.pem");
  EXPECT_EQ(options->listen.tls_client_authorities, "a.pem");
  EXPECT_EQ(ErrorOf({"--dir=d", "--tls-cert=c.pem"}), "--tls-cert: needs --tls-key beside it");
  EXPECT_EQ(ErrorOf({"--dir=d", "--tls-key=k.pem"}), "--tls-key: needs --tls-cert beside it");
  EXPECT_THAT(ErrorOf({"--dir=d", "--tls-client-ca=a.pem"}), HasSubstr("needs --tls-cert"));
}

TEST(Options, HelpNamesEveryFlag) {
  for (const char* flag : {"--dir", "--listen", "--check", "--log-level", "--tls-cert", "--tls-key",
                           "--tls-client-ca", "--version", "--help"}) {
    EXPECT_THAT(kHelp, HasSubstr(flag));
  }
}

TEST(EventLog, QuotesWhatIsNotPlainAndDropsWhatIsBelowItsLevel) {
  std::vector<std::string> lines;
  EventLog log(LogLevel::kInfo, [&](const std::string& line) { lines.push_back(line); });
  log.Write(LogLevel::kDebug, "stale", {});
  log.Write(LogLevel::kWarning, "nack",
            {{"type", "cds"}, {"error", "a \"b\"\nc"}, {"node", ""}, {"x", "k=v"}});
  ASSERT_EQ(lines.size(), 1);
  EXPECT_THAT(lines[0], testing::MatchesRegex("time=[0-9T:.-]+Z .*"));
  EXPECT_THAT(lines[0], testing::EndsWith(" level=warning event=nack type=cds "
                                          "error=\"a \\\"b\\\"\\nc\" node=\"\" x=\"k=v\""));
}

}  // namespace
}  // namespace outrigger::control
