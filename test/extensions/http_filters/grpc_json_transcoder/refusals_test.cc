#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library_chain.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using google::protobuf::FileDescriptorSet;
using ::testing::HasSubstr;

std::string Refusal(const Config& config) {
  Surroundings surroundings;
  const auto made = Create(config, surroundings.context());
  return made.ok() ? "accepted" : std::string(made.status().message());
}

// A set with one service `t.S` whose method M takes t.M{string a; repeated string l; t.M m;}, with
// these google.api.http options; in text format, one method for each.
std::string RefusalOfRules(const std::vector<std::string>& rules) {
  FileDescriptorSet set;
  auto& file = *set.add_file();
  file = FromText<google::protobuf::FileDescriptorProto>(R"(
      name: "t.proto" package: "t" syntax: "proto3"
      message_type { name: "M"
        field { name: "a" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "l" number: 2 type: TYPE_STRING label: LABEL_REPEATED }
        field { name: "m" number: 3 type: TYPE_MESSAGE type_name: ".t.M" label: LABEL_OPTIONAL } }
      service { name: "S" })");
  for (size_t i = 0; i < rules.size(); ++i) {
    *file.mutable_service(0)->add_method() = FromText<google::protobuf::MethodDescriptorProto>(
        base::StrCat("name: 'M", i, "' input_type: '.t.M' output_type: '.t.M' options { ",
                     "[google.api.http] { ", rules[i], " } }"));
  }
  Config config;
  config.set_proto_descriptor_bin(set.SerializeAsString());
  config.add_services("t.S");
  return Refusal(config);
}

TEST(TranscoderConfig, RefusesRulesByMethodAndTemplate) {
  EXPECT_EQ(RefusalOfRules({"get: '/a/{a}' body: 'm' response_body: 'l'"}), "accepted");
  EXPECT_THAT(RefusalOfRules({"get: '/{a'"}),
              HasSubstr("services[0]: method t.S.M0, GET \"/{a\": at 3: '}' is missing"));
  EXPECT_THAT(RefusalOfRules({"get: '/{b}'"}), HasSubstr("\"b\" is no field of t.M"));
  EXPECT_THAT(RefusalOfRules({"get: '/{a.b}'"}), HasSubstr("\"a\" of t.M is no single message"));
  EXPECT_THAT(RefusalOfRules({"get: '/{l}'"}),
              HasSubstr("variable \"l\": a list, a map or a message cannot stand in a path"));
  EXPECT_THAT(RefusalOfRules({"get: '/{m}'"}), HasSubstr("variable \"m\": a list, a map"));
  EXPECT_THAT(RefusalOfRules({"get: '/' body: 'x'"}), HasSubstr("body \"x\" is no field of t.M"));
  EXPECT_THAT(RefusalOfRules({"get: '/' response_body: 'm.a'"}),
              HasSubstr("response_body \"m.a\" is no field of t.M"));
  EXPECT_THAT(RefusalOfRules({"body: '*'"}), HasSubstr("method t.S.M0: a rule without an HTTP"));
  EXPECT_THAT(RefusalOfRules({"custom { path: '/' }"}), HasSubstr("a rule without an HTTP method"));
  EXPECT_THAT(RefusalOfRules({"get: '/a/{a}'", "get: '/a/{m.a}'"}),
              HasSubstr("method t.S.M1, GET \"/a/{m.a}\": the same requests match "
                        "t.S.M0, GET \"/a/{a}\""));
  EXPECT_THAT(RefusalOfRules({"get: '/a' additional_bindings { get: '/b' additional_bindings { "
                              "get: '/c' } }"}),
              HasSubstr("additional_bindings inside additional_bindings"));
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep = "m." + deep;
  EXPECT_THAT(RefusalOfRules({"get: '/{" + deep + "}'"}), HasSubstr("more than 32 names"));
}

TEST(TranscoderConfig, RefusesServicesThatTheSetDoesNotHave) {
  Config config = LibraryConfig();
  config.add_services("Library");
  EXPECT_THAT(
      Refusal(config),
      HasSubstr("services[1]: the descriptor set has no service \"Library\"; give its full"));
}

TEST(TranscoderConfig, RefusesDescriptorSetsThatAreNone) {
  Config config;
  config.add_services("t.S");
  EXPECT_THAT(Refusal(config), HasSubstr("proto_descriptor_bin: is empty, but services are given"));
  config.set_proto_descriptor_bin("\xff\xff");
  EXPECT_THAT(Refusal(config), HasSubstr("proto_descriptor_bin: is no serialised"));
  config.set_proto_descriptor("/nowhere/at.pb");
  EXPECT_THAT(Refusal(config), HasSubstr("proto_descriptor: /nowhere/at.pb"));

  FileDescriptorSet set;
  set.add_file()->CopyFrom(
      FromText<google::protobuf::FileDescriptorProto>(R"(name: "a.proto" dependency: "b.proto")"));
  config.set_proto_descriptor_bin(set.SerializeAsString());
  EXPECT_THAT(Refusal(config),
              HasSubstr("import \"b.proto\" is missing; make the set with --include_imports"));
  set.add_file()->CopyFrom(
      FromText<google::protobuf::FileDescriptorProto>(R"(name: "b.proto" dependency: "a.proto")"));
  config.set_proto_descriptor_bin(set.SerializeAsString());
  EXPECT_THAT(Refusal(config), HasSubstr("file \"a.proto\", \"b.proto\": Import"));
}

TEST(TranscoderConfig, RefusesOptionsThatCannotBe) {
  EXPECT_THAT(Refusal(LibraryConfig("max_request_body_size: 0")),
              HasSubstr("max_request_body_size: must be at least 1, got 0"));
  EXPECT_THAT(Refusal(LibraryConfig("max_response_body_size: 0")),
              HasSubstr("max_response_body_size: must be at least 1, got 0"));
  EXPECT_THAT(Refusal(LibraryConfig(
                  "print_options: {add_whitespace: true, stream_newline_delimited: true}")),
              HasSubstr("print_options.add_whitespace: not together with"));
  Config config = LibraryConfig();
  config.set_url_unescape_spec(static_cast<Config::UrlUnescapeSpec>(9));
  EXPECT_THAT(Refusal(config), HasSubstr("url_unescape_spec: unknown value 9"));
}

TEST(TranscoderConfig, ReadsTheSetFromAFile) {
  const std::string path = ::testing::TempDir() + "/library.pb";
  Config config = LibraryConfig();
  std::ofstream(path, std::ios::binary) << config.proto_descriptor_bin();
  config.set_proto_descriptor(path);
  EXPECT_EQ(Refusal(config), "accepted");
}

TEST(TranscoderConfig, RefusesOtherMessagesUnderWellKnownNames) {
  FileDescriptorSet set;
  set.add_file()->CopyFrom(FromText<google::protobuf::FileDescriptorProto>(
      R"(name: "w.proto" package: "google.protobuf" message_type { name: "Int32Value" })"));
  Config config = LibraryConfig();
  config.set_proto_descriptor_bin(set.SerializeAsString());
  EXPECT_THAT(Refusal(config),
              HasSubstr("\"google.protobuf.Int32Value\" is already defined in file"));
  set.mutable_file(0)->CopyFrom(
      FromText<google::protobuf::FileDescriptorProto>(R"(name: "google/rpc/status.proto")"));
  config.set_proto_descriptor_bin(set.SerializeAsString());
  EXPECT_THAT(Refusal(config),
              HasSubstr("file \"google/rpc/status.proto\" does not define google.rpc.Status"));
}

// As protoc without --include_imports leaves them out, but we have them.
TEST(TranscoderConfig, LendsTheWellKnownFiles) {
  FileDescriptorSet set;
  library::Shelf::descriptor()->file()->CopyTo(set.add_file());
  Config config = LibraryConfig();
  config.set_proto_descriptor_bin(set.SerializeAsString());
  EXPECT_EQ(Refusal(config), "accepted");
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
