#include "source/server/admin/server_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/base/log.h"
#include "source/config/loading/message_loader.h"
#include "test/server/admin/admin_world.h"

namespace outrigger::server {
namespace {

using envoy::admin::v3::ServerInfo;
using testing::HasSubstr;
using testing::MatchesRegex;

struct ServerPages : testing::Test {
  ServerPages() { AddServerPages(its.admin, controls, facts); }
  // Levels are the process's.
  ~ServerPages() override { base::SetAllLogLevels(base::LogLevel::kInfo); }

  AdminWorld its;
  ServerState state = ServerInfo::LIVE;
  std::vector<std::string> calls;
  absl::Status reopened;
  ServerControls controls{
      .state = [this] { return state; },
      .uptime = [] { return std::chrono::seconds(75); },
      .fail_health_check =
          [this](bool is_failed) { calls.push_back(is_failed ? "fail" : "recover"); },
      .quit = [this] { calls.push_back("quit"); },
      .reopen_logs =
          [this] {
            calls.push_back("reopen");
            return reopened;
          },
  };
  ServerFacts facts;
};

TEST_F(ServerPages, ReadyIs200OnlyWhileLive) {
  EXPECT_EQ(its.Get("/ready").status, 200);
  EXPECT_EQ(its.Get("/ready").body, "LIVE\n");
  state = ServerInfo::PRE_INITIALIZING;
  EXPECT_EQ(its.Get("/ready").status, 503);
  EXPECT_EQ(its.Get("/ready").body, "PRE_INITIALIZING\n");
  state = ServerInfo::DRAINING;
  EXPECT_EQ(its.Get("/ready").status, 503);
}

TEST_F(ServerPages, ServerInfoIsEnvoysMessage) {
  facts.command_line.set_concurrency(2);
  facts.node.set_id("sidecar~1");
  const std::string body = its.Get("/server_info").body;
  EXPECT_THAT(body, HasSubstr(R"("uptime_current_epoch": "75s")"));
  EXPECT_THAT(body, HasSubstr(R"("concurrency": 2)"));
  EXPECT_THAT(body, HasSubstr(R"("id": "sidecar~1")"));
  EXPECT_THAT(body, testing::ContainsRegex(
                        "\"version\": \"[0-9a-f]+/[0-9.]+/[A-Za-z]+/(RELEASE|DEBUG)/none\""));
}

TEST_F(ServerPages, MemoryCountsTheHeap) {
#if defined(__SANITIZE_ADDRESS__) || defined(OUTRIGGER_TSAN)
  GTEST_SKIP() << "a sanitizer's heap is not counted by mallinfo2";
#endif
  EXPECT_THAT(its.Get("/memory").body, testing::ContainsRegex("\"allocated\": \"[1-9]"));
  EXPECT_THAT(its.Get("/memory").body, testing::ContainsRegex("\"total_physical_bytes\": \"[1-9]"));
}

TEST_F(ServerPages, RuntimeShowsEachLayerAndWhoWins) {
  ASSERT_TRUE(loading::LoadMessageFromText(R"(
layers:
- name: base
  static_layer: {overload: {limit: 5}, share: {numerator: 1, denominator: HUNDRED}}
- name: site
  static_layer: {overload.limit: 7}
)",
                                           facts.runtime)
                  .ok());
  EXPECT_EQ(its.Get("/runtime").body, R"({
 "entries": {
  "overload.limit": {
   "final_value": "7",
   "layer_values": [
    "5",
    "7"
   ]
  },
  "share": {
   "final_value": "{\"denominator\":\"HUNDRED\",\"numerator\":1}",
   "layer_values": [
    "{\"denominator\":\"HUNDRED\",\"numerator\":1}",
    ""
   ]
  }
 },
 "layers": [
  "base",
  "site"
 ]
}
)");
}

TEST_F(ServerPages, ChangeNothingByGet) {
  for (const char* path : {"/healthcheck/fail", "/healthcheck/ok", "/quitquitquit", "/reopen_logs",
                           "/logging?level=debug"}) {
    EXPECT_EQ(its.Get(path).status, 405) << path;
  }
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(base::GetLogLevel(base::LogTopic::kXds), base::LogLevel::kInfo);
}

TEST_F(ServerPages, DoWhatTheySayByPost) {
  for (const char* path : {"/healthcheck/fail", "/healthcheck/ok", "/quitquitquit"}) {
    EXPECT_EQ(its.Post(path).body, "OK\n") << path;
  }
  EXPECT_THAT(calls, testing::ElementsAre("fail", "recover", "quit"));
}

TEST_F(ServerPages, ReopenLogsReportsAFailure) {
  EXPECT_EQ(its.Post("/reopen_logs").status, 200);
  reopened = absl::UnavailableError("access.log: no space");
  EXPECT_EQ(its.Post("/reopen_logs").status, 500);
  EXPECT_EQ(its.Post("/reopen_logs").body, "access.log: no space\n");
}

TEST_F(ServerPages, LoggingSetsOneOrSeveralOrAllLevels) {
  EXPECT_THAT(its.Post("/logging?level=warning").body, HasSubstr("  http: warning\n"));
  EXPECT_THAT(its.Post("/logging?xds=trace").body, HasSubstr("  xds: trace\n"));
  its.Post("/logging?paths=main:debug,http:error");
  const std::string shown = its.Get("/logging").body;
  EXPECT_THAT(shown, HasSubstr("active loggers:\n  main: debug\n  admin: warning\n"));
  EXPECT_THAT(shown, HasSubstr("  http: error\n"));
}

TEST_F(ServerPages, LoggingSetsAllOfARequestOrNothing) {
  const Answer answer = its.Post("/logging?paths=main:debug,apples:debug");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("no logger \"apples\""));
  EXPECT_EQ(its.Post("/logging?main=loud").status, 400);
  EXPECT_EQ(base::GetLogLevel(base::LogTopic::kMain), base::LogLevel::kInfo);
}

TEST_F(ServerPages, HelpNamesEveryPage) {
  const std::string help = its.Get("/help").body;
  for (const auto& [path, page] : its.admin.pages()) EXPECT_THAT(help, HasSubstr(path));
  EXPECT_THAT(help, HasSubstr("/quitquitquit (POST): "));
}

TEST_F(ServerPages, UnknownPagesAreNotFound) {
  EXPECT_EQ(its.Get("/certs").status, 404);
  EXPECT_THAT(its.Get("/certs").body, HasSubstr("  /ready\n"));
}

}  // namespace
}  // namespace outrigger::server
