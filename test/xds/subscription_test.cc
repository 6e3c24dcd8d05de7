#include "source/xds/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/xds/messages.h"

namespace outrigger::xds {
namespace {

using test::DeltaRequest;
using test::kTypeUrl;
using test::List;
using test::SotwRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

template <typename Request>
std::vector<Request> TakeAll(Subscription& subscription) {
  std::vector<Request> out;
  while (auto bytes = subscription.TakeRequest(nullptr)) {
    out.push_back(test::Parse<Request>(*bytes));
  }
  return out;
}

template <typename Request>
Request TakeOne(Subscription& subscription) {
  const std::vector<Request> all = TakeAll<Request>(subscription);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Request() : all.front();
}

std::vector<std::pair<std::string, std::string>> Versions(const DeltaRequest& request) {
  return {request.initial_resource_versions().begin(), request.initial_resource_versions().end()};
}

// What the delta subscription is told to hold.
class Holding {
 public:
  HeldVersions source() {
    return [this](auto visit) {
      for (const auto& [name, version] : versions) visit(name, version);
    };
  }
  std::vector<std::pair<std::string, std::string>> versions;
};

TEST(SotwSubscription, AsksForEverythingWithAnEmptyList) {
  auto subscription = NewSotwSubscription(kTypeUrl, true);
  subscription->StartStream();
  EXPECT_THAT(TakeAll<SotwRequest>(*subscription), IsEmpty()) << "not begun";
  subscription->BeginWildcard();
  const SotwRequest request = TakeOne<SotwRequest>(*subscription);
  EXPECT_EQ(request.type_url(), kTypeUrl);
  EXPECT_EQ(request.version_info(), "");
  EXPECT_EQ(request.response_nonce(), "");
  EXPECT_THAT(List(request.resource_names()), IsEmpty());
}

TEST(SotwSubscription, PutsTheNodeInWhereAsked) {
  auto subscription = NewSotwSubscription(kTypeUrl, true);
  subscription->BeginWildcard();
  envoy::config::core::v3::Node node;
  node.set_id("n1");
  EXPECT_EQ(test::Parse<SotwRequest>(*subscription->TakeRequest(&node)).node().id(), "n1");
}

TEST(SotwSubscription, AcksWithTheResponsesVersionAndNonce) {
  auto subscription = NewSotwSubscription(kTypeUrl, true);
  subscription->BeginWildcard();
  TakeAll<SotwRequest>(*subscription);
  subscription->SetAnswer({.version = "1", .nonce = "a"});
  const SotwRequest ack = TakeOne<SotwRequest>(*subscription);
  EXPECT_EQ(ack.version_info(), "1");
  EXPECT_EQ(ack.response_nonce(), "a");
  EXPECT_FALSE(ack.has_error_detail());
}

TEST(SotwSubscription, NacksWithTheVersionBeforeAndTheReason) {
  auto subscription = NewSotwSubscription(kTypeUrl, true);
  subscription->BeginWildcard();
  subscription->SetAnswer({.version = "1", .nonce = "a"});
  TakeAll<SotwRequest>(*subscription);
  subscription->SetAnswer({.version = "2", .nonce = "b", .refusal = "no such filter"});
  const SotwRequest nack = TakeOne<SotwRequest>(*subscription);
  EXPECT_EQ(nack.version_info(), "1");
  EXPECT_EQ(nack.response_nonce(), "b");
  EXPECT_EQ(nack.error_detail().message(), "no such filter");
  EXPECT_EQ(nack.error_detail().code(), 3);
}

TEST(SotwSubscription, ANackIsSaidOnce) {
  auto subscription = NewSotwSubscription(kTypeUrl, false);
  subscription->SetInterest("x", true);
  TakeAll<SotwRequest>(*subscription);
  subscription->SetAnswer({.version = "1", .nonce = "a", .refusal = "bad"});
  TakeAll<SotwRequest>(*subscription);
  subscription->SetInterest("y", true);
  const SotwRequest change = TakeOne<SotwRequest>(*subscription);
  EXPECT_FALSE(change.has_error_detail());
  EXPECT_EQ(change.response_nonce(), "a");
}

TEST(SotwSubscription, ManyChangesMakeOneRequestThatListsEveryName) {
  auto subscription = NewSotwSubscription(kTypeUrl, false);
  subscription->SetInterest("b", true);
  subscription->SetInterest("a", true);
  subscription->SetInterest("b", false);
  subscription->SetInterest("c", true);
  EXPECT_THAT(List(TakeOne<SotwRequest>(*subscription).resource_names()), ElementsAre("a", "c"));
}

TEST(SotwSubscription, AsksNothingWhileNoNameIsWanted) {
  auto subscription = NewSotwSubscription(kTypeUrl, false);
  subscription->StartStream();
  EXPECT_THAT(TakeAll<SotwRequest>(*subscription), IsEmpty());
}

TEST(SotwSubscription, SaysNoneAfterTheLastNameWentOnTheSameStream) {
  auto subscription = NewSotwSubscription(kTypeUrl, false);
  subscription->SetInterest("a", true);
  TakeAll<SotwRequest>(*subscription);
  subscription->SetInterest("a", false);
  EXPECT_THAT(List(TakeOne<SotwRequest>(*subscription).resource_names()), IsEmpty());
  subscription->StartStream();
  EXPECT_THAT(TakeAll<SotwRequest>(*subscription), IsEmpty())
      << "on a new stream an empty list would mean everything";
}

TEST(SotwSubscription, ReconnectsWithTheAcceptedVersionAndNoNonce) {
  auto subscription = NewSotwSubscription(kTypeUrl, false);
  subscription->SetInterest("a", true);
  subscription->SetAnswer({.version = "7", .nonce = "n"});
  subscription->SetAnswer({.version = "8", .nonce = "o", .refusal = "bad"});
  TakeAll<SotwRequest>(*subscription);
  subscription->StartStream();
  const SotwRequest request = TakeOne<SotwRequest>(*subscription);
  EXPECT_EQ(request.version_info(), "7");
  EXPECT_EQ(request.response_nonce(), "");
  EXPECT_FALSE(request.has_error_detail());
  EXPECT_THAT(List(request.resource_names()), ElementsAre("a"));
}

TEST(DeltaSubscription, AsksForEverythingByNamingNothing) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, true, holding.source());
  subscription->StartStream();
  EXPECT_THAT(TakeAll<DeltaRequest>(*subscription), IsEmpty());
  subscription->BeginWildcard();
  const DeltaRequest request = TakeOne<DeltaRequest>(*subscription);
  EXPECT_THAT(List(request.resource_names_subscribe()), IsEmpty());
  EXPECT_THAT(Versions(request), IsEmpty());
  EXPECT_EQ(request.type_url(), kTypeUrl);
}

TEST(DeltaSubscription, SendsDifferencesWithoutANonce) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, false, holding.source());
  subscription->SetInterest("a", true);
  subscription->SetInterest("b", true);
  EXPECT_THAT(List(TakeOne<DeltaRequest>(*subscription).resource_names_subscribe()),
              ElementsAre("a", "b"));
  subscription->SetInterest("c", true);
  subscription->SetInterest("a", false);
  const DeltaRequest change = TakeOne<DeltaRequest>(*subscription);
  EXPECT_THAT(List(change.resource_names_subscribe()), ElementsAre("c"));
  EXPECT_THAT(List(change.resource_names_unsubscribe()), ElementsAre("a"));
  EXPECT_EQ(change.response_nonce(), "");
}

TEST(DeltaSubscription, ANameThatGoesAndComesBackAtOnceIsNotMentioned) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, false, holding.source());
  subscription->SetInterest("a", true);
  TakeAll<DeltaRequest>(*subscription);
  subscription->SetInterest("a", false);
  subscription->SetInterest("a", true);
  EXPECT_THAT(TakeAll<DeltaRequest>(*subscription), IsEmpty());
}

TEST(DeltaSubscription, AnswersEachResponseByItself) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, true, holding.source());
  subscription->BeginWildcard();
  TakeAll<DeltaRequest>(*subscription);
  subscription->SetAnswer({.version = "1", .nonce = "a"});
  subscription->SetAnswer({.version = "2", .nonce = "b", .refusal = "bad"});
  const std::vector<DeltaRequest> answers = TakeAll<DeltaRequest>(*subscription);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].response_nonce(), "a");
  EXPECT_FALSE(answers[0].has_error_detail());
  EXPECT_EQ(answers[1].response_nonce(), "b");
  EXPECT_EQ(answers[1].error_detail().message(), "bad");
}

TEST(DeltaSubscription, ReconnectsWithAllNamesAndWhatIsHeld) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, false, holding.source());
  subscription->SetInterest("a", true);
  subscription->SetInterest("b", true);
  TakeAll<DeltaRequest>(*subscription);
  subscription->SetAnswer({.version = "1", .nonce = "old"});
  holding.versions = {{"a", "v3"}};
  subscription->StartStream();
  const DeltaRequest request = TakeOne<DeltaRequest>(*subscription);
  EXPECT_THAT(List(request.resource_names_subscribe()), ElementsAre("a", "b"));
  EXPECT_THAT(Versions(request), UnorderedElementsAre(Pair("a", "v3")));
  EXPECT_EQ(request.response_nonce(), "") << "answers to the old stream are void";
}

TEST(DeltaSubscription, ReconnectsSilentlyWhenNoNameIsWanted) {
  Holding holding;
  auto subscription = NewDeltaSubscription(kTypeUrl, false, holding.source());
  subscription->SetInterest("a", true);
  TakeAll<DeltaRequest>(*subscription);
  subscription->SetInterest("a", false);
  subscription->StartStream();
  EXPECT_THAT(TakeAll<DeltaRequest>(*subscription), IsEmpty());
}

}  // namespace
}  // namespace outrigger::xds
