#include "source/extensions/access_loggers/file_logger.h"

#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/arena.h"
#include "test/config/from_yaml.h"

namespace outrigger::access_loggers {
namespace {

using config::FromYaml;
using testing::HasSubstr;

class FileLogger : public testing::Test {
 protected:
  FileLogger() {
    request_.method_text = "GET";
    request_.target = "/a?b";
    request_.headers.Add("host", "web");
    response_.status = 404;
    summary_.request = &request_;
    summary_.response = &response_;
    summary_.detail = "route_not_found";
  }

  // What one stream leaves in a file that is logged to with these further fields.
  std::string Line(std::string_view name, std::string_view fields) {
    const std::string path = testing::TempDir() + "/" + std::string(name);
    const auto logger = CreateFileLogger(
        FromYaml<FileAccessLog>("{path: " + path + ", " + std::string(fields) + "}"), files_);
    if (!logger.ok()) return std::string(logger.status().message());
    (*logger)->Log(summary_);
    files_.Flush();
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
  }

  stats::Store stats_;
  LogFiles files_{{.flush_interval = base::Milliseconds(3'600'000)},
                  LogFileCounters::Declare(stats_)};
  base::Arena arena_;
  http::RequestHead request_{arena_};
  http::ResponseHead response_{arena_};
  http::StreamSummary summary_;
};

TEST_F(FileLogger, WritesEachFormOfFormat) {
  EXPECT_EQ(Line("text", R"(format: "%REQ(:METHOD)% %RESPONSE_CODE%\n")"), "GET 404\n");
  EXPECT_EQ(Line("text2", R"(log_format: {text_format: "%RESPONSE_CODE_DETAILS%\n"})"),
            "route_not_found\n");
  EXPECT_EQ(Line("text3", R"(log_format: {text_format_source: {inline_string: "%REQ(HOST)%\n"}})"),
            "web\n");
  const std::string json = R"({"code":404,"path":"/a?b"})"
                           "\n";
  const std::string tree = R"({path: "%REQ(:PATH)%", code: "%RESPONSE_CODE%"})";
  EXPECT_EQ(Line("json", "log_format: {json_format: " + tree + "}"), json);
  EXPECT_EQ(Line("json2", "json_format: " + tree), json);
  EXPECT_EQ(Line("json3", "typed_json_format: " + tree), json);
}

TEST_F(FileLogger, WritesTheBuiltInFormatUnlessToldOtherwise) {
  EXPECT_THAT(Line("built_in", ""), HasSubstr(R"("GET /a?b HTTP/1.1" 404)"));
}

TEST_F(FileLogger, WritesToTheStreamsOfTheProcess) {
  testing::internal::CaptureStdout();
  const auto to_stdout = CreateStdoutLogger(
      FromYaml<StdoutAccessLog>(R"(log_format: {text_format: "out %RESPONSE_CODE%\n"})"), files_);
  ASSERT_TRUE(to_stdout.ok()) << to_stdout.status();
  (*to_stdout)->Log(summary_);
  files_.Flush();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "out 404\n");

  testing::internal::CaptureStderr();
  const auto to_stderr = CreateStderrLogger(
      FromYaml<StderrAccessLog>(R"(log_format: {text_format: "err %RESPONSE_CODE%\n"})"), files_);
  ASSERT_TRUE(to_stderr.ok()) << to_stderr.status();
  (*to_stderr)->Log(summary_);
  files_.Flush();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "err 404\n");
}

TEST_F(FileLogger, IsRefusedByPath) {
  EXPECT_EQ(CreateFileLogger(FileAccessLog(), files_).status().message(), "path: must be given");
  EXPECT_THAT(Line("bad", R"(log_format: {text_format: "%NONSENSE%"})"),
              HasSubstr("log_format.text_format: "));
  EXPECT_THAT(Line("no/such/directory", R"(format: "x")"), HasSubstr("path: "));
}

}  // namespace
}  // namespace outrigger::access_loggers
