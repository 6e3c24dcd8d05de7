#include "source/config/registry.h"

#include "envoy/type/v3/percent.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/clock.h"
#include "source/config/runtime_values.h"

namespace outrigger::config {
namespace {

using envoy::type::v3::FractionalPercent;
using envoy::type::v3::Percent;

http::HttpFilterFactory Nothing() {
  return [](http::FilterStream&) { return std::make_unique<http::HttpFilter>(); };
}

class RegistryTest : public testing::Test {
 protected:
  absl::StatusOr<MadeFilter> Make(const google::protobuf::Message& config) {
    google::protobuf::Any any;
    any.PackFrom(config);
    return registry_.MakeHttpFilter(any, context_);
  }
  Registry registry_;
  base::ManualClock clock_;
  stats::Store stats_;
  RuntimeValues runtime_;
  FactoryContext context_{clock_, stats_, "test", runtime_};
};

TEST_F(RegistryTest, MakesAFilterOfTheTypeInside) {
  registry_.AddHttpFilter<Percent>(
      "plain", [](const Percent&, FactoryContext&) -> absl::StatusOr<http::HttpFilterFactory> {
        return Nothing();
      });
  const auto made = Make(Percent());
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made->body_mode, http::BodyMode::kStream);
}

TEST_F(RegistryTest, TakesWhatAFilterWantsOfItsChain) {
  registry_.AddHttpFilter<Percent>(
      "whole", [](const Percent&, FactoryContext&) -> absl::StatusOr<MadeFilter> {
        return MadeFilter{.filter = Nothing(), .body_mode = http::BodyMode::kWhole};
      });
  const auto made = Make(Percent());
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made->body_mode, http::BodyMode::kWhole);
}

TEST_F(RegistryTest, HandsOnWhatAFactoryRefuses) {
  registry_.AddHttpFilter<Percent>(
      "strict", [](const Percent&, FactoryContext&) -> absl::StatusOr<http::HttpFilterFactory> {
        return absl::InvalidArgumentError("value: must be given");
      });
  EXPECT_EQ(Make(Percent()).status().message(), "value: must be given");
}

TEST_F(RegistryTest, RefusesAnUnknownTypeWithTheKnownOnes) {
  registry_.AddHttpFilter<Percent>(
      "plain", [](const Percent&, FactoryContext&) -> absl::StatusOr<http::HttpFilterFactory> {
        return Nothing();
      });
  EXPECT_THAT(std::string(Make(FractionalPercent()).status().message()),
              testing::AllOf(testing::HasSubstr("unknown type of HTTP filter"),
                             testing::HasSubstr("\"envoy.type.v3.FractionalPercent\""),
                             testing::HasSubstr("known: envoy.type.v3.Percent")));
}

}  // namespace
}  // namespace outrigger::config
