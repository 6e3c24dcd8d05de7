#include "source/server/secret_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/stats/envoy_scopes.h"
#include "test/server/plans.h"

namespace outrigger::server {
namespace {

using net::tls::PlanUse;
using net::tls::SecretNeed;
using net::tls::SecretSource;
using test::CertificateNeed;
using test::CertificateSecret;
using test::ValidationNeed;
using test::ValidationSecret;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const SecretSource kAds;

class Secrets {
 public:
  Secrets() {
    set.set_on_rotation([this] { ++rotations; });
  }
  std::unique_ptr<PlanUse> Use(std::shared_ptr<const net::tls::ContextPlan> plan) {
    return set.Use(std::move(plan), stats::PlainScope("listener."), [this] { ++ready; });
  }
  std::unique_ptr<PlanUse> Use(std::vector<SecretNeed> needs) {
    return Use(plans.Make(std::move(needs)));
  }
  absl::Status Set(net::tls::SecretPtr secret) {
    absl::Status status = set.Set(kAds, std::move(secret));
    loop.RunOnce();
    return status;
  }
  void Pass(int milliseconds) {
    clock.Advance(base::Milliseconds(milliseconds));
    loop.RunOnce();
  }
  uint64_t Count(std::string_view name) {
    return store.Value("listener." + std::string(name)).value_or(999);
  }

  base::ManualClock clock;
  event::Loop loop{clock};
  stats::Store store;
  test::RecordedPlans plans;
  std::vector<std::string> interest;
  int ready = 0;
  int rotations = 0;
  SecretSet set{loop, store,
                [this](const SecretNeed& need, bool wanted) {
                  interest.push_back((wanted ? "+" : "-") + need.name);
                },
                [](const SecretSource& source) {
                  return source.cluster == "nowhere" ? absl::InvalidArgumentError("no such cluster")
                                                     : absl::OkStatus();
                }};
};

TEST(SecretSet, BuildsAContextWhenItsLastSecretCame) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default"), ValidationNeed("ROOTCA")});
  EXPECT_THAT(secrets.interest, ElementsAre("+default", "+ROOTCA"));
  EXPECT_FALSE(use->is_ready());
  EXPECT_EQ(use->waits_for(), "secret default");
  EXPECT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_EQ(use->waits_for(), "secret ROOTCA");
  EXPECT_EQ(secrets.ready, 0);
  EXPECT_TRUE(secrets.Set(ValidationSecret("ROOTCA", 2)).ok());
  EXPECT_TRUE(use->is_ready());
  EXPECT_EQ(use->waits_for(), "");
  EXPECT_EQ(secrets.ready, 1);
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1 ROOTCA:2"));
  EXPECT_EQ(secrets.Count("ssl_context_update_by_sds"), 1u);
}

TEST(SecretSet, BuildsAgainAtEachChangeAndNotForTheSame) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default")});
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_EQ(secrets.rotations, 0) << "there was no context before";
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 2)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1", "default:2"));
  EXPECT_EQ(secrets.rotations, 1);
  EXPECT_EQ(secrets.ready, 1) << "told once";
}

TEST(SecretSet, BuildsAtOnceOfWhatIsHere) {
  Secrets secrets;
  const auto first = secrets.Use({CertificateNeed("default")});
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  const auto second = secrets.Use({CertificateNeed("default")});
  EXPECT_TRUE(second->is_ready());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1", "default:1"));
  secrets.loop.RunOnce();
  EXPECT_EQ(secrets.ready, 1) << "who was ready from the beginning is not called";
}

TEST(SecretSet, BuildsAPlanOnceForAllItsUses) {
  Secrets secrets;
  const auto plan = secrets.plans.Make({CertificateNeed("default")});
  auto first = secrets.Use(plan);
  const auto second = secrets.Use(plan);
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1"));
  EXPECT_EQ(secrets.ready, 2);
  first.reset();
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 2)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1", "default:2"));
}

TEST(SecretSet, ASecretIsWantedUntilItsLastUseEnds) {
  Secrets secrets;
  auto first = secrets.Use({CertificateNeed("default")});
  auto second = secrets.Use({CertificateNeed("default"), ValidationNeed("ROOTCA")});
  first.reset();
  EXPECT_THAT(secrets.interest, ElementsAre("+default", "+ROOTCA"));
  second.reset();
  EXPECT_THAT(secrets.interest, ElementsAre("+default", "+ROOTCA", "-default", "-ROOTCA"));
  EXPECT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok()) << "of no concern any more";
  EXPECT_THAT(secrets.plans.built(), IsEmpty());
}

TEST(SecretSet, TheSameNameOfAnotherSourceIsAnotherSecret) {
  Secrets secrets;
  SecretNeed elsewhere = CertificateNeed("default");
  elsewhere.source = {.kind = SecretSource::Kind::kApi, .cluster = "sds-grpc"};
  const auto use = secrets.Use({elsewhere});
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_FALSE(use->is_ready());
  ASSERT_TRUE(secrets.set.Set(elsewhere.source, CertificateSecret("default", 2)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:2"));
}

TEST(SecretSet, WaitsNoLongerThanInitialFetchTimeoutAndUsesWhatComesLate) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default", 1000)});
  secrets.Pass(999);
  EXPECT_FALSE(use->is_ready());
  secrets.Pass(1);
  EXPECT_TRUE(use->is_ready());
  EXPECT_EQ(secrets.ready, 1);
  EXPECT_THAT(secrets.plans.built(), IsEmpty());
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1"));
  EXPECT_EQ(secrets.ready, 1);
}

TEST(SecretSet, EachSecretIsWaitedForAsLongAsItSays) {
  Secrets secrets;
  const auto use = secrets.Use(
      {CertificateNeed("a", 1000), CertificateNeed("b", 3000), CertificateNeed("c", 0)});
  secrets.Pass(1000);
  EXPECT_EQ(use->waits_for(), "secret b");
  secrets.Pass(2000);
  EXPECT_EQ(use->waits_for(), "secret c");
  secrets.Pass(1'000'000);
  EXPECT_FALSE(use->is_ready()) << "0 waits for ever";
  ASSERT_TRUE(secrets.Set(CertificateSecret("c", 1)).ok());
  EXPECT_TRUE(use->is_ready());
}

TEST(SecretSet, DoesNotWaitForASecretThatDoesNotExist) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default", 0)});
  secrets.set.StopWaiting(kAds, "default");
  EXPECT_EQ(secrets.ready, 0) << "never from inside";
  secrets.loop.RunOnce();
  EXPECT_EQ(secrets.ready, 1);
}

TEST(SecretSet, KeepsTheLastGoodContextWhenANewOneCannotBeBuilt) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default")});
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  const absl::Status refused = secrets.Set(CertificateSecret("default", test::kBad));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("secret \"default\": is of no use"));
  EXPECT_EQ(secrets.Set(CertificateSecret("default", test::kBad)), refused) << "sent again";
  EXPECT_EQ(secrets.Count("ssl_context_update_failed"), 1u);
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1"));
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 2)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1", "default:2"));
}

TEST(SecretSet, DoesNotWaitWhenTheFirstContextCannotBeBuilt) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("default", 0)});
  EXPECT_FALSE(secrets.Set(CertificateSecret("default", test::kBad)).ok());
  EXPECT_TRUE(use->is_ready());
}

TEST(SecretSet, TakesASecretThatIsOfUseToSomebody) {
  Secrets secrets;
  const auto good = secrets.Use({CertificateNeed("default")});
  const auto bad = secrets.Use({CertificateNeed("default"), CertificateNeed("other")});
  ASSERT_TRUE(secrets.Set(CertificateSecret("other", test::kBad)).ok()) << "for all we know";
  EXPECT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_THAT(secrets.plans.built(), ElementsAre("default:1"));
}

TEST(SecretSet, RefusesASecretOfAnotherKind) {
  Secrets secrets;
  const auto use = secrets.Use({ValidationNeed("ROOTCA")});
  EXPECT_EQ(secrets.Set(CertificateSecret("ROOTCA", 1)).message(),
            "secret \"ROOTCA\": must have validation_context, got a certificate");
  EXPECT_THAT(secrets.plans.built(), IsEmpty());
}

TEST(SecretSet, AUseMayEndItselfAndOthersWhenItIsTold) {
  Secrets secrets;
  std::unique_ptr<PlanUse> first, second;
  const auto end_both = [&] {
    ++secrets.ready;
    first.reset();
    second.reset();
  };
  const auto plan = secrets.plans.Make({CertificateNeed("default")});
  first = secrets.set.Use(plan, stats::PlainScope("listener."), end_both);
  second = secrets.set.Use(plan, stats::PlainScope("listener."), end_both);
  ASSERT_TRUE(secrets.Set(CertificateSecret("default", 1)).ok());
  EXPECT_EQ(secrets.ready, 1);
  EXPECT_THAT(secrets.interest, ElementsAre("+default", "-default"));
}

TEST(SecretSet, RefusesASourceThatIsNotThereByTheSecretsName) {
  Secrets secrets;
  SecretNeed need = CertificateNeed("default");
  need.source = {.kind = SecretSource::Kind::kApi, .cluster = "nowhere"};
  EXPECT_EQ(secrets.set.Check(*secrets.plans.Make({need})).message(),
            "secret \"default\": no such cluster");
}

TEST(SecretSet, ShowsTheDaysUntilACertificateExpires) {
  Secrets secrets;
  const auto use = secrets.Use({CertificateNeed("web")});
  const absl::Time now = secrets.clock.WallNow();
  ASSERT_TRUE(secrets.Set(CertificateSecret("web", 1, now + absl::Hours(49))).ok());
  secrets.set.UpdateGauges(now);
  EXPECT_EQ(secrets.store.Value("sds.web.days_until_expiry"), 2u);
  secrets.set.UpdateGauges(now + absl::Hours(100));
  EXPECT_EQ(secrets.store.Value("sds.web.days_until_expiry"), 0u);
}

}  // namespace
}  // namespace outrigger::server
