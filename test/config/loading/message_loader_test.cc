#include "source/config/loading/message_loader.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/config/loading/test.pb.h"

namespace outrigger::loading {
namespace {

using test::Server;
using testing::HasSubstr;

Server Load(const std::string& text, LoadOptions options = {.file = "f.yaml"}) {
  Server server;
  const absl::Status status = LoadMessageFromText(text, server, options);
  EXPECT_TRUE(status.ok()) << status;
  return server;
}

std::string ErrorOf(const std::string& text, LoadOptions options = {.file = "f.yaml"}) {
  Server server;
  const absl::Status status = LoadMessageFromText(text, server, options);
  return status.ok() ? "no error" : std::string(status.message());
}

TEST(MessageLoader, FillsEveryKindOfScalar) {
  const Server server = Load(R"(
name: s
enabled: true
small: -5
large: "-9223372036854775808"
port: 8080
count: 18446744073709551615
ratio: 0.25
share: 1e-3
blob: aGVsbG8=
lb_policy: RING_HASH
)");
  EXPECT_EQ(server.name(), "s");
  EXPECT_TRUE(server.enabled());
  EXPECT_EQ(server.small(), -5);
  EXPECT_EQ(server.large(), INT64_MIN);
  EXPECT_EQ(server.port(), 8080);
  EXPECT_EQ(server.count(), UINT64_MAX);
  EXPECT_EQ(server.ratio(), 0.25);
  EXPECT_EQ(server.share(), 1e-3f);
  EXPECT_EQ(server.blob(), "hello");
  EXPECT_EQ(server.lb_policy(), test::RING_HASH);
}

TEST(MessageLoader, TakesFieldNamesInBothCases) {
  EXPECT_EQ(Load("lb_policy: LEAST_REQUEST").lb_policy(), test::LEAST_REQUEST);
  EXPECT_EQ(Load("lbPolicy: 5").lb_policy(), test::RING_HASH);
}

TEST(MessageLoader, TakesAnUnquotedNumberOrBoolAsTheStringThatWasWritten) {
  EXPECT_EQ(Load("name: 1.10").name(), "1.10");
  EXPECT_EQ(Load("name: true").name(), "true");
}

TEST(MessageLoader, ReadsIntegersInEveryForm) {
  EXPECT_EQ(Load("port: 0x1F90").port(), 8080);
  EXPECT_EQ(Load("port: 0o644").port(), 420);
  EXPECT_EQ(Load("port: 1e3").port(), 1000);
  EXPECT_EQ(Load("port: 5.0").port(), 5);
  EXPECT_EQ(Load("maybe: 0").has_maybe(), true);
}

TEST(MessageLoader, TakesNullAsNotGiven) {
  const Server server = Load("name: ~\nmaybe: null\nlimit:\nchildren:\n");
  EXPECT_FALSE(server.has_maybe());
  EXPECT_FALSE(server.has_limit());
}

TEST(MessageLoader, FillsListsAndMaps) {
  const Server server = Load(R"(
tags: [a, b]
policies: [RING_HASH, 1]
children: [{name: x}, {name: y}]
weights: {a: 1, b: 2}
by_name: {c: {port: 3}}
by_number: {-7: seven}
by_truth: {true: yes}
)");
  EXPECT_THAT(server.tags(), testing::ElementsAre("a", "b"));
  EXPECT_THAT(server.policies(), testing::ElementsAre(test::RING_HASH, test::LEAST_REQUEST));
  EXPECT_EQ(server.children(1).name(), "y");
  EXPECT_EQ(server.weights().at("b"), 2);
  EXPECT_EQ(server.by_name().at("c").port(), 3);
  EXPECT_EQ(server.by_number().at(-7), "seven");
  EXPECT_EQ(server.by_truth().at(true), "yes");
}

TEST(MessageLoader, FillsWellKnownTypes) {
  const Server server = Load(R"(
timeout: -1.5s
started: 2024-05-01T12:00:00.25Z
limit: 7
strict: false
mask: fooBar,baz
metadata: {a: [1, x, null], b: {c: true}}
value: 12
list: [1]
values: [null, a]
)");
  EXPECT_EQ(server.timeout().seconds(), -1);
  EXPECT_EQ(server.timeout().nanos(), -500'000'000);
  EXPECT_EQ(server.started().seconds(), 1714564800);
  EXPECT_EQ(server.started().nanos(), 250'000'000);
  EXPECT_EQ(server.limit().value(), 7);
  EXPECT_TRUE(server.has_strict());
  EXPECT_THAT(server.mask().paths(), testing::ElementsAre("foo_bar", "baz"));
  EXPECT_TRUE(server.metadata().fields().at("b").struct_value().fields().at("c").bool_value());
  EXPECT_TRUE(server.metadata().fields().at("a").list_value().values(2).has_null_value());
  EXPECT_EQ(server.value().number_value(), 12);
  EXPECT_EQ(server.list().values_size(), 1);
  EXPECT_TRUE(server.values(0).has_null_value());
}

TEST(MessageLoader, ResolvesAnyByWhatFollowsTheLastSlash) {
  const Server server = Load(
      "config: {\"@type\": example.com/outrigger.loading.test.Server, port: 9, children: [{}]}");
  Server inner;
  ASSERT_TRUE(inner.ParseFromString(server.config().value()));
  EXPECT_EQ(server.config().type_url(), "example.com/outrigger.loading.test.Server");
  EXPECT_EQ(inner.port(), 9);
  EXPECT_EQ(inner.children_size(), 1);
}

TEST(MessageLoader, ReadsWellKnownTypesInAnyUnderValue) {
  const Server server = Load(
      R"({"config": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "2s"}})");
  google::protobuf::Duration duration;
  ASSERT_TRUE(server.config().UnpackTo(&duration));
  EXPECT_EQ(duration.seconds(), 2);
}

TEST(MessageLoader, AgreesWithProtobufsOwnJsonReader) {
  const std::string json =
      R"({"name":"n","large":"5","ratio":1.5,"blob":"AAE=","lbPolicy":"RING_HASH",
    "children":[{"timeout":"3.000000001s"}],"weights":{"a":1},"pipe":{"inlineString":"x"},
    "config":{"@type":"type.googleapis.com/outrigger.loading.test.Source","filename":"f"},
    "metadata":{"k":[null,1.5,"s",{"t":true}]},"limit":3,"started":"1970-01-01T00:00:01Z"})";
  Server expected;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &expected).ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(Load(json), expected));
}

struct Refused {
  const char* text;
  const char* error;
};

class MessageLoaderRefuses : public testing::TestWithParam<Refused> {};

TEST_P(MessageLoaderRefuses, NamingPlacePathValueAndTheWayOut) {
  EXPECT_EQ(ErrorOf(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MessageLoaderRefuses,
    testing::Values(
        Refused{"children:\n- lb_policy: RINGHASH\n",
                "f.yaml:2:14: children[0].lb_policy: unknown value \"RINGHASH\", did you mean "
                "\"RING_HASH\"? known: ROUND_ROBIN, LEAST_REQUEST, RING_HASH"},
        Refused{"lb_policy: 4",
                "f.yaml:1:12: lb_policy: unknown value 4; known: ROUND_ROBIN, LEAST_REQUEST, "
                "RING_HASH"},
        Refused{"port: 70000000000",
                "f.yaml:1:7: port: must be an integer from 0 to 4294967295, got 70000000000"},
        Refused{"port: -1", "f.yaml:1:7: port: must be an integer from 0 to 4294967295, got -1"},
        Refused{"port: 1.5", "f.yaml:1:7: port: must be an integer from 0 to 4294967295, got 1.5"},
        Refused{"port: http",
                "f.yaml:1:7: port: must be an integer from 0 to 4294967295, got \"http\""},
        Refused{"port: 0644",
                "f.yaml:1:7: port: leading zero in 0644; write 0o644 for an octal number or leave "
                "the zero out"},
        Refused{"small: 2147483648",
                "f.yaml:1:8: small: must be an integer from -2147483648 to 2147483647, got "
                "2147483648"},
        Refused{"share: 1e39", "f.yaml:1:8: share: must be within the range of a float, got 1e39"},
        Refused{"ratio: x",
                "f.yaml:1:8: ratio: must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\", "
                "got \"x\""},
        Refused{"enabled: yes", "f.yaml:1:10: enabled: must be true or false, got \"yes\""},
        Refused{"enabled: \"true\"", "f.yaml:1:10: enabled: must be true or false, got \"true\""},
        Refused{"name: [a]", "f.yaml:1:7: name: must be a string, got a list"},
        Refused{"blob: '*'", "f.yaml:1:7: blob: must be bytes in base64, got other text"},
        Refused{"tags: a", "f.yaml:1:7: tags: must be a list, got \"a\""},
        Refused{"tags: [a, ~]",
                "f.yaml:1:11: tags[1]: null cannot be an item of a list; remove it"},
        Refused{"weights: [1]", "f.yaml:1:10: weights: must be a map, got a list"},
        Refused{"weights: {\"a b\": x}",
                "f.yaml:1:18: weights[\"a b\"]: must be an integer from -2147483648 to 2147483647, "
                "got \"x\""},
        Refused{"by_truth: {1: x}", "f.yaml:1:12: by_truth[\"1\"]: the key must be true or false"},
        Refused{"pipe: x",
                "f.yaml:1:7: pipe: must be a map with the fields of outrigger.loading.test.Source, "
                "got \"x\""},
        Refused{"timeout: 500ms",
                "f.yaml:1:10: timeout: must be a duration in seconds such as \"1.5s\", got "
                "\"500ms\"; write 0.5s"},
        Refused{
            "timeout: 5",
            "f.yaml:1:10: timeout: must be a duration in seconds such as \"1.5s\", got 5; write "
            "5s if seconds were meant"},
        Refused{"started: today",
                "f.yaml:1:10: started: must be a time such as \"2024-05-01T12:00:00Z\", got "
                "\"today\""},
        Refused{"host: a\npipe: {filename: b}",
                "f.yaml:2:1: \"host\" and \"pipe\" exclude each other; keep one"},
        Refused{"lb_policy: 0\nlbPolicy: 1",
                "f.yaml:2:1: \"lb_policy\" and \"lbPolicy\" exclude each other; keep one"},
        Refused{"children: [{prot: 1}]",
                "f.yaml:1:13: children[0]: unknown field \"prot\" of "
                "outrigger.loading.test.Server, did you mean \"port\"?"},
        Refused{"pipe: {zzzzzzzzz: 1}",
                "f.yaml:1:8: pipe: unknown field \"zzzzzzzzz\" of outrigger.loading.test.Source; "
                "known: filename, inline_bytes, inline_string"},
        Refused{"metadata: [1]", "f.yaml:1:11: metadata: must be a map, got a list"},
        Refused{"config: {a: 1}",
                "f.yaml:1:9: config: must be a map with \"@type\", the type of the other fields, "
                "such as \"@type\": type.googleapis.com/google.protobuf.Duration"},
        Refused{"config: {\"@type\": x/outrigger.loading.test.Servr}",
                "f.yaml:1:19: config: unknown @type \"x/outrigger.loading.test.Servr\"; near: "
                "outrigger.loading.test.Server, outrigger.loading.test.Secret"},
        Refused{"config: {\"@type\": x/google.protobuf.Duration, seconds: 1}",
                "f.yaml:1:9: config: must hold \"@type\" and \"value\" and no more, for "
                "google.protobuf.Duration"},
        Refused{"per_filter: {f: {\"@type\": x/outrigger.loading.test.Server, port: x}}",
                "f.yaml:1:66: per_filter[\"f\"].port: must be an integer from 0 to 4294967295, got "
                "\"x\""}));

TEST(MessageLoader, TellsSeveralErrorsAtOnce) {
  EXPECT_EQ(ErrorOf("port: x\nenabled: 1\nzz: 2\n"),
            "f.yaml:1:7: port: must be an integer from 0 to 4294967295, got \"x\"\n"
            "f.yaml:2:10: enabled: must be true or false, got 1\n"
            "f.yaml:3:1: unknown field \"zz\" of outrigger.loading.test.Server");
}

TEST(MessageLoader, StopsAfterTheLimitOfErrors) {
  std::string text = "tags: [a";
  for (int i = 0; i < 1000; ++i) text += ", []";
  const std::string error = ErrorOf(text + "]", {.file = "f", .max_errors = 2});
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 2);
  EXPECT_THAT(error, testing::EndsWith("more errors may follow; these are the first"));
}

TEST(MessageLoader, CollectsUnknownFieldsWhenAsked) {
  std::vector<std::string> unknown;
  LoadOptions options{.file = "f.yaml", .unknown_fields = &unknown};
  const Server server = Load("prt: 1\nport: 2\nchildren: [{nam: x, name: y}]", options);
  EXPECT_EQ(server.port(), 2);
  EXPECT_EQ(server.children(0).name(), "y");
  EXPECT_THAT(unknown,
              testing::ElementsAre(
                  "f.yaml:1:1: unknown field \"prt\" of outrigger.loading.test.Server, did you "
                  "mean \"port\"?",
                  "f.yaml:3:13: children[0]: unknown field \"nam\" of "
                  "outrigger.loading.test.Server, did you mean \"name\"?"));
}

TEST(MessageLoader, GivesTheSameBytesForTheSameAnyWhateverTheOrderOfKeys) {
  const std::string type = "\"@type\": x/outrigger.loading.test.Server";
  const Server one = Load("config: {" + type + ", weights: {a: 1, b: 2, c: 3, d: 4}}");
  const Server two = Load("config: {weights: {d: 4, c: 3, b: 2, a: 1}, " + type + "}");
  EXPECT_EQ(one.config().value(), two.config().value());
}

}  // namespace
}  // namespace outrigger::loading
