#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "source/config/loading/message_json.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/redaction.h"
#include "source/config/loading/unknown_fields.h"
#include "source/config/loading/unpack_any.h"
#include "test/config/loading/test.pb.h"
#include "xds/type/v3/typed_struct.pb.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Any;
using test::NewerServer;
using test::Secret;
using test::Server;
using testing::HasSubstr;
using testing::Not;

Any TypedStructOf(const std::string& type_url, const std::string& struct_json,
                  const std::string& wrapper = "xds.type.v3.TypedStruct") {
  test::TypedStruct typed_struct;
  typed_struct.set_type_url(type_url);
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(struct_json, typed_struct.mutable_value()).ok());
  Any any;
  any.set_type_url("type.googleapis.com/" + wrapper);
  any.set_value(typed_struct.SerializeAsString());
  return any;
}

TEST(UnpackAny, TakesTheMessageItself) {
  Server server, out;
  server.set_port(7);
  Any any;
  any.PackFrom(server, "example.com/types");
  EXPECT_TRUE(UnpackAny(any, out).ok());
  EXPECT_EQ(out.port(), 7);
}

TEST(UnpackAny, TakesATypedStructOfEitherPackage) {
  for (const char* wrapper : {"xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"}) {
    Server out;
    const Any any = TypedStructOf("type.googleapis.com/outrigger.loading.test.Server",
                                  R"({"port": 7, "large": 9007199254740991, "lbPolicy": "RING_HASH",
                                      "ratio": 0.1, "children": [{"timeout": "2s"}]})",
                                  wrapper);
    const absl::Status status = UnpackAny(any, out);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(out.port(), 7);
    EXPECT_EQ(out.large(), 9007199254740991);
    EXPECT_EQ(out.ratio(), 0.1);
    EXPECT_EQ(out.lb_policy(), test::RING_HASH);
    EXPECT_EQ(out.children(0).timeout().seconds(), 2);
    EXPECT_EQ(ResolvedTypeName(any), "outrigger.loading.test.Server");
  }
}

TEST(UnpackAny, ResolvesWhatTheLoaderKeptAsATypedStruct) {
  Server holder;
  const std::string text = "config: {\"@type\": example.com/other.Thing, port: 7, tags: [a, ~]}";
  EXPECT_FALSE(LoadMessageFromText(text, holder).ok());
  LoadOptions options;
  options.unresolved_any = UnresolvedAny::kKeepAsTypedStruct;
  const absl::Status status = LoadMessageFromText(text, holder, options);
  ASSERT_TRUE(status.ok()) << status;
  xds::type::v3::TypedStruct kept;
  ASSERT_TRUE(holder.config().UnpackTo(&kept));
  EXPECT_EQ(kept.type_url(), "example.com/other.Thing");
  EXPECT_EQ(kept.value().fields().at("port").number_value(), 7);
  EXPECT_EQ(kept.value().fields_size(), 2);
  EXPECT_EQ(ResolvedTypeName(holder.config()), "other.Thing");
}

TEST(UnpackAny, NamesThePathOfWhatIsWrongInATypedStruct) {
  Server out;
  const absl::Status status = UnpackAny(
      TypedStructOf("outrigger.loading.test.Server", R"({"children": [{"port": "x"}]})"), out);
  EXPECT_EQ(status.message(),
            "children[0].port: must be an integer from 0 to 4294967295, got \"x\"");
}

TEST(UnpackAny, CollectsUnknownFieldsOfATypedStructWhenAsked) {
  Server out;
  std::vector<std::string> unknown;
  const Any any = TypedStructOf("outrigger.loading.test.Server", R"({"port": 7, "shiny": 1})");
  EXPECT_FALSE(UnpackAny(any, out).ok());
  EXPECT_TRUE(UnpackAny(any, out, &unknown).ok());
  EXPECT_THAT(unknown, testing::ElementsAre(HasSubstr("unknown field \"shiny\"")));
}

TEST(UnpackAny, RefusesOtherTypesAndBrokenBytes) {
  Server out;
  Any any;
  any.PackFrom(Secret());
  EXPECT_EQ(UnpackAny(any, out).message(),
            "must be of type outrigger.loading.test.Server, got "
            "\"type.googleapis.com/outrigger.loading.test.Secret\"");
  EXPECT_THAT(std::string(UnpackAny(TypedStructOf("x/y.Z", "{}"), out).message()),
              HasSubstr("got a xds.type.v3.TypedStruct of \"x/y.Z\""));
  any.PackFrom(Server());
  any.set_value("\xff");
  EXPECT_THAT(std::string(UnpackAny(any, out).message()), HasSubstr("not a valid"));
}

TEST(UnknownFields, AreFoundAtEveryDepthAndInsideAny) {
  NewerServer newer, inner;
  newer.set_shiny("x");
  newer.add_children()->set_shiny("y");
  newer.add_children()->mutable_nested_shiny()->set_name("z");
  (*newer.mutable_by_name())["k"].set_name("fine");
  inner.set_shiny("in any");
  newer.mutable_config()->set_type_url("x/outrigger.loading.test.Secret");
  newer.mutable_config()->set_value(inner.SerializeAsString());
  Server server;
  ASSERT_TRUE(server.ParseFromString(newer.SerializeAsString()));

  std::vector<std::string> found;
  for (const UnknownField& field : FindUnknownFields(server)) {
    found.push_back(Describe(field) + " x" + std::to_string(field.count));
  }
  EXPECT_THAT(found, testing::ElementsAre(
                         "unknown field 100 of outrigger.loading.test.Server x2",
                         "children[1]: unknown field 101 of outrigger.loading.test.Server x1",
                         "config: unknown field 100 of outrigger.loading.test.Secret x1"));
}

TEST(UnknownFields, AreNoneInAMessageOfOurSchema) {
  Server server;
  server.set_name("a");
  server.mutable_config()->set_type_url("x/not.Linked");
  server.mutable_config()->set_value("\xff\xff");
  EXPECT_TRUE(FindUnknownFields(server).empty());
}

std::string Json(const google::protobuf::Message& message) {
  const absl::StatusOr<std::string> json = MessageToJson(message, JsonStyle::kCompact);
  EXPECT_TRUE(json.ok()) << json.status();
  return json.value_or("");
}

TEST(MessageJson, UsesTheNamesOfTheProtoFile) {
  Server server;
  server.set_lb_policy(test::RING_HASH);
  server.mutable_timeout()->set_seconds(2);
  const Server inner = server;
  server.mutable_config()->PackFrom(inner, "example.com");
  EXPECT_EQ(
      Json(server),
      R"({"lb_policy":"RING_HASH","timeout":"2s","config":{"@type":)"
      R"("example.com/outrigger.loading.test.Server","lb_policy":"RING_HASH","timeout":"2s"}})");
}

TEST(MessageJson, ShowsAnAnyThatItCannotDecodeAsBase64) {
  Server server, outer;
  Any& unknown = (*server.mutable_per_filter())["a"];
  unknown.set_type_url("type.googleapis.com/not.Linked");
  unknown.set_value("hello");
  Any& broken = *server.mutable_config();
  broken.set_type_url("type.googleapis.com/outrigger.loading.test.Server");
  broken.set_value("\xff");
  outer.mutable_config()->PackFrom(server);
  const std::string json = Json(outer);
  EXPECT_THAT(json, HasSubstr(R"({"@type":"type.googleapis.com/not.Linked","value":"aGVsbG8="})"));
  EXPECT_THAT(json, HasSubstr(R"({"@type":"type.googleapis.com/outrigger.loading.test.Server",)"
                              R"("value":"/w=="})"));
  EXPECT_THAT(json, Not(HasSubstr("opaque")));
}

TEST(MessageJson, ShowsAnAnyWithoutATypeOrWithoutASlash) {
  Server server;
  server.mutable_config();
  (*server.mutable_per_filter())["a"].set_type_url("nothing");
  EXPECT_THAT(Json(server), HasSubstr(R"({"@type":"nothing")"));
}

TEST(MessageJson, IndentsForPeople) {
  Server server;
  server.set_name("n");
  EXPECT_EQ(*MessageToJson(server), "{\n \"name\": \"n\"\n}\n");
}

constexpr SensitiveField kTestSensitive[] = {
    {"outrigger.loading.test.Secret", "private_key"},
    {"outrigger.loading.test.Secret", "password"},
    {"outrigger.loading.test.Secret", "by_name"},
    {"outrigger.loading.test.Secret", "tokens"},
};

Secret FullSecret() {
  Secret secret;
  secret.set_name("visible-name");
  secret.mutable_private_key()->set_inline_string("hidden-key");
  secret.set_password("hidden-password");
  (*secret.mutable_by_name())["visible-id"].set_inline_bytes("hidden-bytes");
  (*secret.mutable_by_name())["visible-file"].set_filename("/visible/path");
  secret.add_tokens("hidden-token");
  return secret;
}

TEST(Redaction, OverwritesSecretsAndKeepsTheRest) {
  Server server;
  *server.add_secrets() = FullSecret();
  server.mutable_config()->PackFrom(FullSecret());
  Redact(server, kTestSensitive);
  const std::string shown = server.DebugString() + server.config().value();
  EXPECT_THAT(shown, Not(HasSubstr("hidden")));
  const Secret& secret = server.secrets(0);
  EXPECT_EQ(secret.name(), "visible-name");
  EXPECT_EQ(secret.private_key().inline_string(), "[redacted]");
  EXPECT_EQ(secret.by_name().at("visible-id").inline_bytes(), "[redacted]");
  EXPECT_EQ(secret.by_name().at("visible-file").filename(), "/visible/path");
  Secret inner;
  ASSERT_TRUE(server.config().UnpackTo(&inner));
  EXPECT_EQ(inner.name(), "visible-name");
}

TEST(Redaction, OverwritesSecretsInATypedStruct) {
  Server server;
  *server.mutable_config() =
      TypedStructOf("x/outrigger.loading.test.Server",
                    R"({"name": "n", "secrets": [{"privateKey": {"inline_string": "hidden"},
          "tokens": ["hidden"], "by_name": {"a": {"filename": "/f", "inlineBytes": "hidden"}}}]})");
  Redact(server, kTestSensitive);
  EXPECT_THAT(server.config().value(), Not(HasSubstr("hidden")));
  EXPECT_THAT(server.config().value(), HasSubstr("/f"));
}

TEST(Redaction, LeavesAnAnyWithoutSecretsByteForByte) {
  Server server;
  Secret secret;
  secret.set_name("n");
  server.mutable_config()->PackFrom(secret);
  const std::string before = server.SerializeAsString();
  Redact(server, kTestSensitive);
  EXPECT_EQ(server.SerializeAsString(), before);
}

TEST(Redaction, HasNoEntryTwice) {
  for (const SensitiveField& one : SensitiveFields()) {
    int seen = 0;
    for (const SensitiveField& other : SensitiveFields()) {
      seen += one.message == other.message && one.field == other.field;
    }
    EXPECT_EQ(seen, 1) << one.message << "." << one.field;
  }
}

}  // namespace
}  // namespace outrigger::loading
