#include "source/config/runtime_values.h"

#include "gtest/gtest.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::LayeredRuntime;
using envoy::config::core::v3::RuntimeFeatureFlag;
using envoy::config::core::v3::RuntimeFractionalPercent;
using envoy::config::core::v3::RuntimeUInt32;

constexpr std::string_view kLayers = R"(
layers:
- name: first
  static_layer:
    routing: {canary: 25, tenth: {numerator: 1, denominator: TEN_THOUSAND}}
    routing.flat: "7"
    feature: true
    text: hello
- name: second
  static_layer: {feature: false}
- name: admin
  admin_layer: {}
)";

RuntimeValues Load(std::string_view yaml) {
  Findings findings;
  RuntimeValues values;
  values.Add(FromYaml<LayeredRuntime>(yaml), Place(findings));
  EXPECT_EQ(findings.ToStatus().message(), "");
  return values;
}

TEST(RuntimeValues, JoinsNestedKeysWithDots) {
  const RuntimeValues values = Load(kLayers);
  EXPECT_EQ(values.Number("routing.canary"), 25);
  EXPECT_EQ(values.Number("routing.flat"), 7);
  EXPECT_EQ(values.Number("routing"), std::nullopt);
  EXPECT_EQ(values.Number("text"), std::nullopt);
}

TEST(RuntimeValues, LetsALaterLayerWin) {
  const RuntimeValues values = Load(kLayers);
  EXPECT_EQ(values.Flag("feature"), false);
  EXPECT_FALSE(
      values.Resolve(FromYaml<RuntimeFeatureFlag>("{default_value: true, runtime_key: feature}")));
  EXPECT_TRUE(
      values.Resolve(FromYaml<RuntimeFeatureFlag>("{default_value: true, runtime_key: no}")));
}

TEST(RuntimeValues, ResolvesSharesInMillionths) {
  const RuntimeValues values = Load(kLayers);
  const auto share = [&](std::string_view yaml) {
    return values.PerMillion(FromYaml<RuntimeFractionalPercent>(yaml));
  };
  EXPECT_EQ(share("{default_value: {numerator: 5}}"), 50'000u);
  EXPECT_EQ(share("{default_value: {numerator: 5, denominator: MILLION}}"), 5u);
  EXPECT_EQ(share("{default_value: {numerator: 500}}"), 1'000'000u);
  EXPECT_EQ(share("{default_value: {numerator: 5}, runtime_key: routing.canary}"), 250'000u);
  EXPECT_EQ(share("{default_value: {numerator: 5}, runtime_key: routing.tenth}"), 100u);
}

TEST(RuntimeValues, ResolvesNumbers) {
  EXPECT_EQ(Load(kLayers).Resolve(
                FromYaml<RuntimeUInt32>("{default_value: 3, runtime_key: routing.flat}")),
            7u);
  EXPECT_EQ(Load(kLayers).Resolve(FromYaml<RuntimeUInt32>("{default_value: 3}")), 3u);
}

TEST(RuntimeValues, RefusesWhatIsNoValueByPath) {
  Findings findings;
  RuntimeValues values;
  values.Add(FromYaml<LayeredRuntime>("layers: [{name: a, static_layer: {b: [1]}}, {}]"),
             Place(findings));
  EXPECT_EQ(findings.ToStatus().message(),
            "layers[0].static_layer.b: must be a number, a boolean, a text or a map\n"
            "layers[1].name: must be given\n"
            "layers[1]: must hold one of static_layer, admin_layer");
}

}  // namespace
}  // namespace outrigger::config
