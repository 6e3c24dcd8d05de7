#include "source/xds/response_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/xds/messages.h"

namespace outrigger::xds {
namespace {

using test::Delta;
using test::Sotw;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// One type and what was sent of it.
class Receiving {
 public:
  Receiving(Protocol protocol, bool is_wildcard, ResourceLimits limits = {})
      : type_(test::NodeType(is_wildcard)), compiler_(protocol, {&type_}, limits) {}
  template <typename Message>
  Outcome Send(const Message& message) {
    return compiler_.Compile(message.SerializeAsString());
  }
  ResponseCompiler& compiler() { return compiler_; }

 private:
  ResourceType type_;
  ResponseCompiler compiler_;
};

std::vector<std::string> Changed(const Outcome& outcome) {
  std::vector<std::string> out;
  for (const ReadyResource& resource : outcome.update.changed) {
    out.push_back(resource.name + "=" + *static_cast<const std::string*>(resource.compiled.get()));
  }
  return out;
}

std::vector<std::string> Refused(const Outcome& outcome) {
  std::vector<std::string> out;
  for (const RefusedResource& resource : outcome.update.refused) {
    out.push_back(resource.name + ": " + resource.reason);
  }
  return out;
}

TEST(ResponseCompiler, CompilesOnlyWhatChanged) {
  Receiving sotw(Protocol::kSotw, true);
  EXPECT_THAT(Changed(sotw.Send(Sotw("1", "a", {{"x", "1"}, {"y", "1"}}))),
              ElementsAre("x=1", "y=1"));
  const Outcome second = sotw.Send(Sotw("2", "b", {{"x", "1"}, {"y", "2"}}));
  EXPECT_THAT(Changed(second), ElementsAre("y=2"));
  EXPECT_EQ(second.version, "2");
  EXPECT_EQ(second.nonce, "b");
  EXPECT_EQ(second.resource_count, 2u);
}

TEST(ResponseCompiler, ABadResourceIsRefusedAloneByNameAndField) {
  Receiving sotw(Protocol::kSotw, true);
  const Outcome outcome = sotw.Send(Sotw("1", "a", {{"x", "bad"}, {"y", "1"}}));
  EXPECT_THAT(Changed(outcome), ElementsAre("y=1"));
  EXPECT_THAT(Refused(outcome), ElementsAre("x: cluster: must not be \"bad\""));
}

TEST(ResponseCompiler, AWildcardsStateOfTheWorldRemovesWhatItLeavesOut) {
  Receiving sotw(Protocol::kSotw, true);
  sotw.Send(Sotw("1", "a", {{"x", "1"}, {"y", "1"}, {"z", "1"}}));
  const Outcome outcome = sotw.Send(Sotw("2", "b", {{"x", "bad"}, {"y", "1"}}));
  EXPECT_THAT(outcome.update.removed, ElementsAre("z")) << "x is refused, not removed";
  EXPECT_THAT(sotw.Send(Sotw("3", "c", {})).update.removed, UnorderedElementsAre("x", "y"));
}

TEST(ResponseCompiler, NothingIsMissingWhenOneResourceCannotBeNamed) {
  Receiving sotw(Protocol::kSotw, true);
  sotw.Send(Sotw("1", "a", {{"x", "1"}}));
  auto response = Sotw("2", "b", {{"y", "1"}});
  response.add_resources()->set_type_url(std::string(test::kTypeUrl));
  response.mutable_resources(1)->set_value("\x0a\xff garbage");
  const Outcome outcome = sotw.Send(response);
  EXPECT_THAT(outcome.update.removed, IsEmpty());
  EXPECT_THAT(Changed(outcome), ElementsAre("y=1"));
  EXPECT_THAT(Refused(outcome), ElementsAre(": has no name, or is not valid protobuf"));
}

TEST(ResponseCompiler, NamedTypesLoseNothingByAbsence) {
  Receiving sotw(Protocol::kSotw, false);
  sotw.Send(Sotw("1", "a", {{"x", "1"}}));
  EXPECT_THAT(sotw.Send(Sotw("2", "b", {})).update.removed, IsEmpty());
}

TEST(ResponseCompiler, DeltaRemovesWhatItSays) {
  Receiving delta(Protocol::kDelta, true);
  delta.Send(Delta("1", "a", {{"x", "1"}, {"y", "1"}}));
  const Outcome outcome = delta.Send(Delta("2", "b", {}, {"x"}));
  EXPECT_THAT(outcome.update.removed, ElementsAre("x"));
  EXPECT_THAT(Changed(delta.Send(Delta("1", "c", {{"x", "1"}}))), ElementsAre("x=1"));
}

TEST(ResponseCompiler, DeltaReportsAVersionThatChangedWithoutItsBytes) {
  Receiving delta(Protocol::kDelta, true);
  delta.Send(Delta("1", "a", {{"x", "1"}}));
  EXPECT_THAT(delta.Send(Delta("1", "b", {{"x", "1"}})).reaffirmed, IsEmpty());
  const Outcome outcome = delta.Send(Delta("2", "c", {{"x", "1"}}));
  EXPECT_THAT(Changed(outcome), IsEmpty());
  EXPECT_THAT(outcome.reaffirmed, ElementsAre(Pair("x", "2")));
}

TEST(ResponseCompiler, GoodBytesAfterARefusalReaffirmWhatIsHeld) {
  Receiving sotw(Protocol::kSotw, true);
  sotw.Send(Sotw("1", "a", {{"x", "1"}}));
  sotw.Send(Sotw("2", "b", {{"x", "bad"}}));
  const Outcome outcome = sotw.Send(Sotw("3", "c", {{"x", "1"}}));
  EXPECT_THAT(Changed(outcome), IsEmpty());
  EXPECT_THAT(outcome.reaffirmed, ElementsAre(Pair("x", "3")));
}

TEST(ResponseCompiler, DuplicateNamesRefuseTheWholeResponse) {
  Receiving sotw(Protocol::kSotw, true);
  sotw.Send(Sotw("1", "a", {{"x", "1"}}));
  const Outcome outcome = sotw.Send(Sotw("2", "b", {{"y", "1"}, {"x", "2"}, {"y", "3"}}));
  EXPECT_THAT(outcome.refusal, HasSubstr("such as \"y\""));
  EXPECT_THAT(Changed(outcome), IsEmpty());
  EXPECT_THAT(outcome.update.removed, IsEmpty());
}

TEST(ResponseCompiler, AResourceOfAnotherTypeIsRefused) {
  Receiving delta(Protocol::kDelta, true);
  auto response = Delta("1", "a", {{"x", "1"}});
  response.mutable_resources(0)->mutable_resource()->set_type_url("type.googleapis.com/a.B");
  EXPECT_THAT(Refused(delta.Send(response)),
              ElementsAre("x: is of type type.googleapis.com/a.B in a response of "
                          "type.googleapis.com/envoy.config.core.v3.Node"));
}

TEST(ResponseCompiler, AnEnvelopeMustNameItsResource) {
  Receiving delta(Protocol::kDelta, true);
  auto response = Delta("1", "a", {{"x", "1"}});
  response.mutable_resources(0)->set_name("y");
  EXPECT_THAT(Refused(delta.Send(response)),
              ElementsAre("y: name: the envelope says \"y\", the resource \"x\""));
}

TEST(ResponseCompiler, TypesMeetAfterTheLastSlash) {
  Receiving sotw(Protocol::kSotw, true);
  auto response = Sotw("1", "a", {{"x", "1"}});
  response.set_type_url("example.com/envoy.config.core.v3.Node");
  EXPECT_THAT(Changed(sotw.Send(response)), ElementsAre("x=1"));
}

TEST(ResponseCompiler, AnUnknownTypeIsSaidToBeNone) {
  Receiving sotw(Protocol::kSotw, true);
  auto response = Sotw("1", "a", {});
  response.set_type_url("type.googleapis.com/a.B");
  const Outcome outcome = sotw.Send(response);
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.type, std::nullopt);
}

TEST(ResponseCompiler, GarbageIsNoResponse) {
  Receiving sotw(Protocol::kSotw, true);
  EXPECT_THAT(std::string(sotw.compiler().Compile("\xff\xff\xff").status.message()),
              HasSubstr("3 bytes are no valid envoy.service.discovery.v3.DiscoveryResponse"));
  EXPECT_FALSE(sotw.compiler().Compile("").status.ok()) << "no type_url";
}

TEST(ResponseCompiler, SotwResourcesMayComeInEnvelopesWithATtl) {
  Receiving sotw(Protocol::kSotw, true);
  test::Resource envelope;
  envelope.set_name("x");
  *envelope.mutable_resource() = test::Body("x", "1");
  envelope.mutable_ttl()->set_seconds(2);
  auto response = Sotw("1", "a", {});
  response.add_resources()->PackFrom(envelope);
  const Outcome first = sotw.Send(response);
  EXPECT_THAT(Changed(first), ElementsAre("x=1"));
  EXPECT_THAT(first.ttls, ElementsAre(Pair("x", std::chrono::milliseconds(2000))));

  envelope.clear_resource();
  response.mutable_resources(0)->PackFrom(envelope);
  const Outcome heartbeat = sotw.Send(response);
  EXPECT_THAT(Changed(heartbeat), IsEmpty());
  EXPECT_THAT(heartbeat.update.removed, IsEmpty());
  EXPECT_THAT(heartbeat.ttls, ElementsAre(Pair("x", std::chrono::milliseconds(2000))));

  EXPECT_THAT(sotw.Send(Sotw("2", "b", {{"x", "1"}})).ttls, ElementsAre(Pair("x", std::nullopt)));
}

TEST(ResponseCompiler, ATtlMustBePositive) {
  Receiving delta(Protocol::kDelta, true);
  auto response = Delta("1", "a", {{"x", "1"}});
  response.mutable_resources(0)->mutable_ttl()->set_seconds(-1);
  EXPECT_THAT(Refused(delta.Send(response)),
              ElementsAre("x: ttl: must be positive, got -1 s 0 ns"));
}

TEST(ResponseCompiler, BeyondTheLimitsNothingIsTakenAndNothingLost) {
  Receiving delta(Protocol::kDelta, true, {.count = 2});
  delta.Send(Delta("1", "a", {{"x", "1"}}));
  const Outcome outcome = delta.Send(Delta("2", "b", {{"y", "1"}, {"z", "1"}, {"x", "2"}}));
  EXPECT_THAT(Changed(outcome), ElementsAre("y=1", "x=2"));
  EXPECT_THAT(outcome.overflow, HasSubstr("\"z\" and perhaps others are over the limit of 2"));
  EXPECT_THAT(outcome.update.refused, IsEmpty());

  Receiving small(Protocol::kSotw, true, {.bytes = 200});
  small.Send(Sotw("1", "a", {{"x", "1"}}));
  const Outcome big = small.Send(Sotw("2", "b", {{"x", std::string(300, 'x')}}));
  EXPECT_NE(big.overflow, "");
  EXPECT_THAT(big.update.removed, IsEmpty());
}

TEST(ResponseCompiler, WhatCouldNotBeAppliedIsCompiledAgain) {
  Receiving sotw(Protocol::kSotw, true);
  sotw.Send(Sotw("1", "a", {{"x", "1"}}));
  sotw.compiler().Doubt(0, {"x"});
  EXPECT_THAT(Changed(sotw.Send(Sotw("1", "b", {{"x", "1"}}))), ElementsAre("x=1"));
}

TEST(ResponseCompiler, WhatWasForgottenIsCompiledAgain) {
  Receiving delta(Protocol::kDelta, false);
  delta.Send(Delta("1", "a", {{"x", "1"}}));
  delta.compiler().Forget(0, {"x"});
  EXPECT_THAT(Changed(delta.Send(Delta("1", "b", {{"x", "1"}}))), ElementsAre("x=1"));
}

TEST(NameInside, FindsFieldOneWhateverTheOrder) {
  envoy::config::core::v3::Node message;
  message.set_id("x");
  message.mutable_metadata();
  const std::string name = message.SerializeAsString();
  message.clear_id();
  EXPECT_EQ(NameInside(message.SerializeAsString() + name), "x");
  EXPECT_EQ(NameInside(message.SerializeAsString()), "");
  EXPECT_EQ(NameInside(name.substr(0, 2)), "");
}

}  // namespace
}  // namespace outrigger::xds
