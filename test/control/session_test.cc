#include "source/control/session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/control/snapshots.h"

namespace outrigger::control {
namespace {

// A proxy on a state-of-the-world stream. Each verb returns what the control plane sends next.
class SotwProxy {
 public:
  void Serve(const std::vector<ResourcePtr>& resources) { snapshot_ = MakeSnapshot(resources); }

  std::string Next() {
    last_ = session_.Next(snapshot_);
    if (last_) nonces_[last_->type_url] = last_->nonce;
    return Show(last_);
  }
  RequestKind Ask(std::string_view type, const std::vector<std::string>& names = {}) {
    return Send(type, names, nonces_[TypeUrl(type)], false);
  }
  // The same as Ask while a response is in flight: it is then its ACK.
  RequestKind Ack(std::string_view type, const std::vector<std::string>& names = {}) {
    return Ask(type, names);
  }
  RequestKind Nack(std::string_view type, const std::vector<std::string>& names = {}) {
    return Send(type, names, nonces_[TypeUrl(type)], true);
  }
  RequestKind Send(std::string_view type, const std::vector<std::string>& names,
                   const std::string& nonce, bool refuses) {
    SotwSubscription::Request request;
    request.set_type_url(TypeUrl(type));
    request.set_response_nonce(nonce);
    for (const std::string& name : names) request.add_resource_names(name);
    if (refuses) request.mutable_error_detail()->set_message("no");
    return session_.OnRequest(request)->kind;
  }

  Session<SotwSubscription> session_;

 private:
  Snapshot snapshot_;
  std::optional<Push> last_;
  std::map<std::string, std::string> nonces_;
};

TEST(SotwSession, SendsEverythingToALegacyWildcard) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "1")});
  EXPECT_EQ(proxy.Ask(kCluster), RequestKind::kSubscribe);
  EXPECT_EQ(proxy.Next(), "cds:a=1,b=1");
  EXPECT_EQ(proxy.Ack(kCluster), RequestKind::kAck);
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(SotwSession, AnswersAWildcardEvenWhenThereIsNothing) {
  SotwProxy proxy;
  proxy.Ask(kListener);
  EXPECT_EQ(proxy.Next(), "lds:");
}

TEST(SotwSession, SendsOnlyTheNamesAskedForAndWaitsForThoseThatDoNotExist) {
  SotwProxy proxy;
  proxy.Ask(kEndpoints, {"a", "c"});
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({MakeResource(kEndpoints, "a", "1"), MakeResource(kEndpoints, "b", "1")});
  EXPECT_EQ(proxy.Next(), "eds:a=1");
}

TEST(SotwSession, TakesNoNamesAsEverythingOnlyUntilNamesWereSent) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "1")});
  proxy.Ask(kCluster, {"a"});
  EXPECT_EQ(proxy.Next(), "cds:a=1");
  proxy.Ack(kCluster, {});
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Ask(kCluster, {"*"});
  EXPECT_EQ(proxy.Next(), "cds:a=1,b=1");
}

TEST(SotwSession, IgnoresAnAnswerToAnOldResponse) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1")});
  proxy.Ask(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:a=1");
  EXPECT_EQ(proxy.Send(kCluster, {}, "0", false), RequestKind::kStale);
  proxy.Serve({MakeResource(kCluster, "a", "2")});
  EXPECT_EQ(proxy.Next(), "nothing") << "the first response is still in flight";
}

TEST(SotwSession, HasOneResponseInFlightAndThenSendsTheLatest) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1")});
  proxy.Ask(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:a=1");
  proxy.Serve({MakeResource(kCluster, "a", "2")});
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({MakeResource(kCluster, "a", "3")});
  proxy.Ack(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:a=3");
}

TEST(SotwSession, DoesNotRepeatWhatWasRefused) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "bad")});
  proxy.Ask(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:a=bad");
  EXPECT_EQ(proxy.Nack(kCluster), RequestKind::kNack);
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({MakeResource(kCluster, "a", "good")});
  EXPECT_EQ(proxy.Next(), "cds:a=good");
}

TEST(SotwSession, SendsNewNamesThatCameWithAnAck) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kRoutes, "a", "1"), MakeResource(kRoutes, "b", "1")});
  proxy.Ask(kRoutes, {"a"});
  EXPECT_EQ(proxy.Next(), "rds:a=1");
  EXPECT_EQ(proxy.Ack(kRoutes, {"b", "a"}), RequestKind::kAck);
  EXPECT_EQ(proxy.Next(), "rds:a=1,b=1");
}

TEST(SotwSession, SendsNothingWhenNamesAreOnlyDropped) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kRoutes, "a", "1"), MakeResource(kRoutes, "b", "1")});
  proxy.Ask(kRoutes, {"a", "b"});
  EXPECT_EQ(proxy.Next(), "rds:a=1,b=1");
  proxy.Ack(kRoutes, {"a", "b"});
  EXPECT_EQ(proxy.Ask(kRoutes, {"a"}), RequestKind::kSubscribe);
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(SotwSession, AnswersAgainWhenAskedAgainForTheSame) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kEndpoints, "a", "1")});
  proxy.Ask(kEndpoints, {"a"});
  EXPECT_EQ(proxy.Next(), "eds:a=1");
  proxy.Ack(kEndpoints, {"a"});
  EXPECT_EQ(proxy.Ask(kEndpoints, {"a"}), RequestKind::kSubscribe);
  EXPECT_EQ(proxy.Next(), "eds:a=1");
}

TEST(SotwSession, AnswersAProxyThatComesBackWithAnOldNonce) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1")});
  EXPECT_EQ(proxy.Send(kCluster, {}, "7", false), RequestKind::kSubscribe);
  EXPECT_EQ(proxy.Next(), "cds:a=1");
}

TEST(SotwSession, LeavesOutWhatIsUnchangedForTheOnesWhoWantIt) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kEndpoints, "a", "1"), MakeResource(kEndpoints, "b", "1")});
  proxy.Ask(kEndpoints, {"a"});
  proxy.Next();
  proxy.Ack(kEndpoints, {"a"});
  proxy.Serve({MakeResource(kEndpoints, "a", "1"), MakeResource(kEndpoints, "b", "2")});
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(SotwSession, MakesBeforeItBreaks) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "old", "1"), MakeResource(kListener, "in", "1"),
               MakeResource(kRoutes, "r", "to-old")});
  proxy.Ask(kRoutes, {"r"});
  proxy.Ask(kListener);
  proxy.Ask(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:old=1");
  EXPECT_EQ(proxy.Next(), "lds:in=1");
  EXPECT_EQ(proxy.Next(), "rds:r=to-old");
  proxy.Ack(kCluster);
  proxy.Ack(kListener);
  proxy.Ack(kRoutes, {"r"});

  proxy.Serve({MakeResource(kCluster, "new", "1"), MakeResource(kListener, "in", "1"),
               MakeResource(kRoutes, "r", "to-new")});
  EXPECT_EQ(proxy.Next(), "cds:new=1,old=1");
  EXPECT_EQ(proxy.Next(), "rds:r=to-new");
  proxy.Ack(kCluster);
  EXPECT_EQ(proxy.Next(), "nothing") << "routes are not answered yet";
  proxy.Ack(kRoutes, {"r"});
  EXPECT_EQ(proxy.Next(), "cds:new=1");
  proxy.Ack(kCluster);
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(SotwSession, HoldsLaterTypesBackWhileAnEarlierOneCannotBeSent) {
  SotwProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kRoutes, "r", "1")});
  proxy.Ask(kCluster);
  proxy.Ask(kRoutes, {"r"});
  proxy.Next();
  proxy.Next();
  proxy.Ack(kRoutes, {"r"});
  proxy.Serve({MakeResource(kCluster, "b", "1"), MakeResource(kRoutes, "r", "to-b")});
  EXPECT_EQ(proxy.Next(), "nothing") << "the routes need a cluster that is still to be sent";
  proxy.Ack(kCluster);
  EXPECT_EQ(proxy.Next(), "cds:b=1,a=1");
  EXPECT_EQ(proxy.Next(), "rds:r=to-b");
}

TEST(SotwSession, SendsEndpointsAgainAfterTheirClusterChanged) {
  SotwProxy proxy;
  const ResourcePtr endpoints = MakeResource(kEndpoints, "a", "e1");
  proxy.Serve({MakeEdsCluster("a", "1"), endpoints});
  proxy.Ask(kCluster);
  proxy.Next();
  proxy.Ack(kCluster);
  proxy.Ask(kEndpoints, {"a"});
  proxy.Next();
  proxy.Ack(kEndpoints, {"a"});
  proxy.Serve({MakeEdsCluster("a", "2"), endpoints});
  EXPECT_EQ(proxy.Next(), "cds:a=2");
  EXPECT_EQ(proxy.Next(), "eds:a=e1");
}

TEST(SotwSession, RefusesRequestsWithoutATypeOrWithTooMany) {
  SotwProxy proxy;
  EXPECT_FALSE(proxy.session_.OnRequest({}).has_value());
  for (size_t i = 0; i < Session<SotwSubscription>::kMaxTypes; ++i) {
    proxy.Ask("type" + std::to_string(i), {"x"});
  }
  SotwSubscription::Request one_more;
  one_more.set_type_url("one-more");
  EXPECT_FALSE(proxy.session_.OnRequest(one_more).has_value());
}

// A proxy on an incremental stream.
class DeltaProxy {
 public:
  void Serve(const std::vector<ResourcePtr>& resources) { snapshot_ = MakeSnapshot(resources); }
  std::string Next() {
    const std::optional<Push> push = session_.Next(snapshot_);
    if (push) nonces_[push->type_url] = push->nonce;
    return Show(push);
  }
  RequestKind Subscribe(std::string_view type, const std::vector<std::string>& names = {},
                        const std::map<std::string, std::string>& has = {}) {
    DeltaSubscription::Request request;
    request.set_type_url(TypeUrl(type));
    for (const std::string& name : names) request.add_resource_names_subscribe(name);
    for (const auto& [name, version] : has) {
      (*request.mutable_initial_resource_versions())[name] = version;
    }
    return session_.OnRequest(request)->kind;
  }
  RequestKind Unsubscribe(std::string_view type, const std::string& name) {
    DeltaSubscription::Request request;
    request.set_type_url(TypeUrl(type));
    request.add_resource_names_unsubscribe(name);
    return session_.OnRequest(request)->kind;
  }
  RequestKind Answer(std::string_view type, bool refuses = false) {
    DeltaSubscription::Request request;
    request.set_type_url(TypeUrl(type));
    request.set_response_nonce(nonces_[TypeUrl(type)]);
    if (refuses) request.mutable_error_detail()->set_message("no");
    return session_.OnRequest(request)->kind;
  }

 private:
  Session<DeltaSubscription> session_;
  Snapshot snapshot_;
  std::map<std::string, std::string> nonces_;
};

TEST(DeltaSession, SendsOnlyWhatChanged) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "1")});
  EXPECT_EQ(proxy.Subscribe(kCluster), RequestKind::kSubscribe);
  EXPECT_EQ(proxy.Next(), "cds:a=1,b=1");
  EXPECT_EQ(proxy.Answer(kCluster), RequestKind::kAck);
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "2")});
  EXPECT_EQ(proxy.Next(), "cds:b=2");
}

TEST(DeltaSession, AnswersANewWildcardEvenWhenThereIsNothing) {
  DeltaProxy proxy;
  proxy.Subscribe(kListener);
  EXPECT_EQ(proxy.Next(), "lds:");
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(DeltaSession, TellsOnceThatANameDoesNotExistAndSendsItWhenItDoes) {
  DeltaProxy proxy;
  proxy.Subscribe(kEndpoints, {"a"});
  EXPECT_EQ(proxy.Next(), "eds: -a");
  proxy.Answer(kEndpoints);
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({MakeResource(kEndpoints, "a", "1")});
  EXPECT_EQ(proxy.Next(), "eds:a=1");
}

TEST(DeltaSession, SkipsWhatAReconnectingProxyHas) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "2")});
  proxy.Subscribe(kCluster, {"*"}, {{"a", "1"}, {"b", "1"}, {"gone", "1"}});
  EXPECT_EQ(proxy.Next(), "cds:b=2");
  proxy.Answer(kCluster);
  EXPECT_EQ(proxy.Next(), "cds: -gone");
}

TEST(DeltaSession, SendsAgainWhatIsSubscribedAgain) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kEndpoints, "a", "1")});
  proxy.Subscribe(kEndpoints, {"a"});
  EXPECT_EQ(proxy.Next(), "eds:a=1");
  proxy.Answer(kEndpoints);
  proxy.Subscribe(kEndpoints, {"a"});
  EXPECT_EQ(proxy.Next(), "eds:a=1");
}

TEST(DeltaSession, DoesNotRepeatWhatWasRefused) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "bad")});
  proxy.Subscribe(kCluster);
  proxy.Next();
  EXPECT_EQ(proxy.Answer(kCluster, /*refuses=*/true), RequestKind::kNack);
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({MakeResource(kCluster, "a", "good")});
  EXPECT_EQ(proxy.Next(), "cds:a=good");
}

TEST(DeltaSession, SendsNothingForWhatIsNoLongerWanted) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kRoutes, "a", "1")});
  proxy.Subscribe(kRoutes, {"a"});
  proxy.Next();
  proxy.Answer(kRoutes);
  proxy.Unsubscribe(kRoutes, "a");
  proxy.Serve({MakeResource(kRoutes, "a", "2")});
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Serve({});
  EXPECT_EQ(proxy.Next(), "nothing");
}

TEST(DeltaSession, TellsWhatTheWildcardStillGivesWhenANameIsUnsubscribed) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1")});
  proxy.Subscribe(kCluster, {"*", "a", "ghost"});
  EXPECT_EQ(proxy.Next(), "cds:a=1 -ghost");
  proxy.Answer(kCluster);
  proxy.Unsubscribe(kCluster, "a");
  EXPECT_EQ(proxy.Next(), "cds:a=1");
  proxy.Answer(kCluster);
  proxy.Unsubscribe(kCluster, "ghost");
  EXPECT_EQ(proxy.Next(), "cds: -ghost");
}

TEST(DeltaSession, ForgetsTheRestWhenTheWildcardIsUnsubscribed) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "a", "1"), MakeResource(kCluster, "b", "1")});
  proxy.Subscribe(kCluster, {"*", "a"});
  proxy.Next();
  proxy.Answer(kCluster);
  proxy.Unsubscribe(kCluster, "*");
  proxy.Serve({MakeResource(kCluster, "a", "2"), MakeResource(kCluster, "b", "2")});
  EXPECT_EQ(proxy.Next(), "cds:a=2");
}

TEST(DeltaSession, HonoursASubscriptionInAStaleRequest) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kEndpoints, "a", "1")});
  DeltaSubscription subscription(TypeUrl(kEndpoints));
  DeltaSubscription::Request request;
  request.set_response_nonce("99");
  request.add_resource_names_subscribe("a");
  EXPECT_EQ(subscription.OnRequest(request), RequestKind::kStale);
  EXPECT_TRUE(subscription.HasUpdate(MakeSnapshot({MakeResource(kEndpoints, "a", "1")})));
}

TEST(DeltaSession, MakesBeforeItBreaks) {
  DeltaProxy proxy;
  proxy.Serve({MakeResource(kCluster, "old", "1"), MakeResource(kRoutes, "r", "to-old")});
  proxy.Subscribe(kCluster);
  proxy.Subscribe(kRoutes, {"r"});
  proxy.Next();
  proxy.Next();
  proxy.Answer(kCluster);
  proxy.Answer(kRoutes);
  proxy.Serve({MakeResource(kCluster, "new", "1"), MakeResource(kRoutes, "r", "to-new")});
  EXPECT_EQ(proxy.Next(), "cds:new=1");
  EXPECT_EQ(proxy.Next(), "rds:r=to-new");
  EXPECT_EQ(proxy.Next(), "nothing");
  proxy.Answer(kCluster);
  proxy.Answer(kRoutes);
  EXPECT_EQ(proxy.Next(), "cds: -old");
}

TEST(DeltaSession, SendsOnlyTheEndpointsOfTheClusterThatChanged) {
  DeltaProxy proxy;
  const ResourcePtr a = MakeResource(kEndpoints, "a", "e"), b = MakeResource(kEndpoints, "b", "e");
  proxy.Serve({MakeEdsCluster("a", "1"), MakeEdsCluster("b", "1"), a, b});
  proxy.Subscribe(kCluster);
  proxy.Subscribe(kEndpoints, {"a", "b"});
  proxy.Next();
  proxy.Next();
  proxy.Answer(kCluster);
  proxy.Answer(kEndpoints);
  proxy.Serve({MakeEdsCluster("a", "1"), MakeEdsCluster("b", "2"), a, b});
  EXPECT_EQ(proxy.Next(), "cds:b=2");
  EXPECT_EQ(proxy.Next(), "eds:b=e");
}

}  // namespace
}  // namespace outrigger::control
