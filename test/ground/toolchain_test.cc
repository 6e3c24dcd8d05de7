// Each library of the ground links, runs and is the version that the code is written for.
#include <ares.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <re2/re2.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <xxhash.h>
#include <yaml-cpp/yaml.h>
#include <zlib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ground/echo.pb.h"

namespace outrigger {
namespace {

TEST(Toolchain, CompilesCxx20WithAbseilOfDebian12) {
  static_assert(__cplusplus >= 202002L);
  EXPECT_EQ(ABSL_LTS_RELEASE_VERSION, 20220623);
  absl::flat_hash_map<std::string, int> map = {{"a", 1}};
  EXPECT_EQ(map["a"], 1);
  absl::AnyInvocable<int() const> seven = [value = std::make_unique<int>(7)] { return *value; };
  EXPECT_EQ(seven(), 7);
  absl::StatusOr<int> wrong = absl::InvalidArgumentError(absl::StrCat("port: ", 70000));
  EXPECT_EQ(wrong.status().message(), "port: 70000");
  EXPECT_EQ(absl::FormatDuration(absl::Milliseconds(1500)), "1.5s");
}

TEST(Toolchain, GeneratesProtobufCodeWithWellKnownTypes) {
  EXPECT_EQ(GOOGLE_PROTOBUF_VERSION, 3021012);
  test::EchoRequest request;
  const auto status = google::protobuf::util::JsonStringToMessage(
      R"({"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"},
          "timeout": "0.25s", "limit": 9, "fields": {"a": true}})",
      &request);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(request.timeout().nanos(), 250'000'000);
  EXPECT_EQ(request.limit().value(), 9);
  google::protobuf::Duration three;
  ASSERT_TRUE(request.any().UnpackTo(&three));
  EXPECT_EQ(three.seconds(), 3);
}

TEST(Toolchain, SpeaksTlsThroughBoringSslNotOpenSsl) {
  EXPECT_STREQ(OpenSSL_version(OPENSSL_VERSION), "BoringSSL");
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION), 1);
}

TEST(Toolchain, LinksTheProtocolLibraries) {
  EXPECT_GE(nghttp2_version(0)->version_num, 0x013400);
  int ares = 0;
  ares_version(&ares);
  EXPECT_GE(ares, 0x011201);
  EXPECT_GE(XXH_versionNumber(), 801);
  EXPECT_EQ(zlibVersion()[0], '1');
}

TEST(Toolchain, LinksTheTextLibraries) {
  EXPECT_TRUE(RE2::FullMatch("/far/7", R"(/far/\d+)"));
  EXPECT_EQ(YAML::Load("port: 80")["port"].as<int>(), 80);
  EXPECT_EQ(nlohmann::json::parse(R"({"port": 80})")["port"], 80);
  std::ostringstream out;
  spdlog::logger logger("ground", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger.info("listening on {}", 80);
  EXPECT_THAT(out.str(), testing::HasSubstr("listening on 80"));
}

}  // namespace
}  // namespace outrigger
