#include "source/server/certificate_watch.h"

#include <gtest/gtest.h>

#include "source/stats/envoy_scopes.h"
#include "test/server/plans.h"

namespace outrigger::server {
namespace {

class Watch {
 public:
  void Show(absl::Duration lived, absl::Duration left) {
    contexts = {{.shown = {std::make_shared<test::NamedCertificate>(net::CertificateInfo{
                     .subject = "CN=web", .valid_from = now - lived, .valid_to = now + left})}}};
  }
  void Pass(absl::Duration time) {
    now += time;
    watch.Look(now);
  }
  uint64_t days() { return store.Value("server.days").value_or(999); }

  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  stats::Store store;
  stats::GroupPtr group =
      store.DeclareOne(stats::PlainScope("server."), "days", stats::Kind::kGauge);
  std::vector<ContextCertificates> contexts;
  int expired = 0;
  CertificateWatch watch{
      group->gauge(0),
      {.in_use = [this] { return contexts; }, .on_expired = [this] { ++expired; }}};
};

TEST(CertificateWatch, ShowsTheDaysUntilTheFirstExpires) {
  Watch watch;
  watch.Pass(absl::ZeroDuration());
  EXPECT_EQ(watch.days(), 0u) << "never set";
  watch.Show(absl::Hours(1), absl::Hours(72));
  watch.Pass(absl::Seconds(59));
  EXPECT_EQ(watch.days(), 0u) << "not looked at again within the minute";
  watch.Pass(absl::Seconds(1));
  EXPECT_EQ(watch.days(), 2u);
}

TEST(CertificateWatch, TellsOnceOfACertificateThatExpires) {
  Watch watch;
  watch.Show(absl::Hours(24), absl::Minutes(90));
  watch.Pass(absl::ZeroDuration());
  EXPECT_EQ(watch.expired, 0) << "it only expires soon";
  watch.Pass(absl::Hours(2));
  EXPECT_EQ(watch.expired, 1);
  watch.Pass(absl::Hours(2));
  EXPECT_EQ(watch.expired, 1);
}

}  // namespace
}  // namespace outrigger::server
