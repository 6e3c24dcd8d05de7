#include "test/extensions/http_filters/local_ratelimit/limited_chain.h"

namespace outrigger::local_ratelimit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(std::string_view yaml) {
  Surroundings surroundings;
  auto made = Create(config::FromYaml<Config>(yaml), surroundings.context());
  return std::string(made.status().message());
}

std::string ErrorOfAction(std::string_view action) {
  return ErrorOf(base::StrCat("{stat_prefix: rl, rate_limits: [{actions: [", action, "]}]}"));
}

TEST(LocalRateLimitRefusals, NameThePath) {
  const struct {
    const char* yaml;
    const char* error;
  } kTable[] = {
      {"{}", "stat_prefix: must be given"},
      {"token_bucket: {fill_interval: 1s}", "token_bucket.max_tokens: must be at least 1, got 0"},
      {"token_bucket: {max_tokens: 1, tokens_per_fill: 0, fill_interval: 1s}",
       "token_bucket.tokens_per_fill: must be at least 1, got 0"},
      {"token_bucket: {max_tokens: 1}",
       "token_bucket.fill_interval: must be at least 0.05s, got 0s"},
      {"token_bucket: {max_tokens: 1, fill_interval: 0.049s}",
       "token_bucket.fill_interval: must be at least 0.05s, got 0.049s"},
      {"token_bucket: {max_tokens: 1, fill_interval: 315000000000s}",
       "token_bucket.fill_interval: must be from 0 to 100 years"},
      {"filter_enabled: {runtime_key: a}", "filter_enabled.default_value: must be given"},
      {"filter_enforced: {runtime_key: a}", "filter_enforced.default_value: must be given"},
      {"token_bucket: {max_tokens: 4000000000, fill_interval: 1s}",
       "token_bucket.max_tokens: would take more than 50 years to come, got 4000000000"},
      {"stage: 11", "stage: must be 0-10, got 11"},
      {"response_headers_to_add: [{header: {key: a, value: \"%NO_SUCH%\"}}]",
       "response_headers_to_add[0].header"},
      {"request_headers_to_add_when_not_enforced: [{header: {key: \"a b\", value: c}}]",
       "request_headers_to_add_when_not_enforced[0].header"},
      {"local_rate_limit_per_downstream_connection: true",
       "local_rate_limit_per_downstream_connection: not implemented"},
      {"max_dynamic_descriptors: 5", "max_dynamic_descriptors: not implemented"},
  };
  for (const auto& [yaml, error] : kTable) EXPECT_THAT(ErrorOf(yaml), HasSubstr(error)) << yaml;
}

// YAML knows the names of a schema's values only, the wire any number.
TEST(LocalRateLimitRefusals, OfNumbersThatAreNoValueOfTheirType) {
  Surroundings surroundings;
  Config config;
  config.set_stat_prefix("rl");
  config.mutable_status()->set_code(static_cast<envoy::type::v3::StatusCode>(600));
  config.set_enable_x_ratelimit_headers(
      static_cast<envoy::extensions::common::ratelimit::v3::XRateLimitHeadersRFCVersion>(7));
  config.set_vh_rate_limits(
      static_cast<envoy::extensions::common::ratelimit::v3::VhRateLimitsOptions>(7));
  EXPECT_EQ(Create(config, surroundings.context()).status().message(),
            "status.code: must be 100-599, got 600\n"
            "enable_x_ratelimit_headers: must be OFF or DRAFT_VERSION_03\n"
            "vh_rate_limits: must be OVERRIDE, INCLUDE or IGNORE");
}

TEST(LocalRateLimitRefusals, OfMoreThanTenHeaders) {
  std::string yaml = "response_headers_to_add: [";
  for (int i = 0; i < 11; ++i) yaml += "{header: {key: a, value: b}},";
  EXPECT_THAT(ErrorOf(yaml + "]"),
              HasSubstr("response_headers_to_add: must have at most 10 headers, got 11"));
}

TEST(LocalRateLimitRefusals, OfDescriptorsNameTheirPlace) {
  const auto error = [](std::string_view descriptors) {
    return ErrorOf(base::StrCat(
        "{stat_prefix: rl, rate_limits: [{actions: [{remote_address: {}}]}], descriptors: [",
        descriptors, "]}"));
  };
  constexpr std::string_view kBucket = "token_bucket: {max_tokens: 1, fill_interval: 1s}}";
  EXPECT_EQ(error(base::StrCat("{", kBucket)), "descriptors[0].entries: at least one is needed");
  EXPECT_THAT(error(base::StrCat("{entries: [{key: a}], ", kBucket)),
              HasSubstr("descriptors[0].entries[0].value: must be given"));
  EXPECT_THAT(error(base::StrCat("{entries: [{value: a}], ", kBucket)),
              HasSubstr("descriptors[0].entries[0].key: must be given"));
  EXPECT_THAT(error("{entries: [{key: a, value: b}]}"),
              HasSubstr("descriptors[0].token_bucket.max_tokens: must be at least 1"));
  EXPECT_EQ(error(base::StrCat("{entries: [{key: a, value: b}], ", kBucket,
                               ", {entries: [{key: a, value: b}], ", kBucket)),
            "descriptors[1].entries: are those of an earlier descriptor");
}

TEST(LocalRateLimitRefusals, OfActionsNameTheirPlace) {
  const struct {
    const char* action;
    const char* error;
  } kTable[] = {
      {"{}", "rate_limits[0].actions[0]: must hold one of generic_key, "},
      {"{generic_key: {}}", "actions[0].generic_key.descriptor_value: must be given"},
      {"{request_headers: {header_name: a}}",
       "actions[0].request_headers.descriptor_key: must be given"},
      {"{request_headers: {descriptor_key: a}}",
       "actions[0].request_headers.header_name: must be given"},
      {"{query_parameters: {descriptor_key: a}}",
       "actions[0].query_parameters.query_parameter_name: must be given"},
      {"{masked_remote_address: {v4_prefix_mask_len: 33}}",
       "actions[0].masked_remote_address.v4_prefix_mask_len: must be 0-32, got 33"},
      {"{masked_remote_address: {v6_prefix_mask_len: 129}}",
       "actions[0].masked_remote_address.v6_prefix_mask_len: must be 0-128, got 129"},
      {"{header_value_match: {descriptor_value: a}}",
       "actions[0].header_value_match.headers: at least one is needed"},
      {"{header_value_match: {headers: [{name: a}]}}",
       "actions[0].header_value_match.descriptor_value: must be given"},
      {"{query_parameter_value_match: {descriptor_value: a}}",
       "actions[0].query_parameter_value_match.query_parameters: at least one is needed"},
      {"{remote_address_match: {descriptor_value: a}}",
       "actions[0].remote_address_match.address_matcher.ranges: at least one is needed"},
      {"{source_cluster: {}}", "actions[0].source_cluster: not implemented"},
      {"{metadata: {descriptor_key: a}}", "actions[0].metadata: not implemented"},
  };
  for (const auto& [action, error] : kTable) {
    EXPECT_THAT(ErrorOfAction(action), HasSubstr(error)) << action;
  }
}

TEST(LocalRateLimitRefusals, OfARateLimitNameTheirField) {
  const auto error = [](std::string_view fields) {
    return ErrorOf(base::StrCat("{stat_prefix: rl, rate_limits: [{", fields, "}]}"));
  };
  EXPECT_EQ(error(""), "rate_limits[0].actions: at least one is needed");
  EXPECT_EQ(error("actions: [{remote_address: {}}], hits_addend: {number: 2}"),
            "rate_limits[0].hits_addend: not implemented");
  EXPECT_EQ(error("actions: [{remote_address: {}}], stage: 11"),
            "rate_limits[0].stage: must be 0-10, got 11");
}

TEST(LocalRateLimitRefusals, NameEverythingAtOnce) {
  EXPECT_THAT(ErrorOf("{stage: 11, token_bucket: {fill_interval: 1s}}"),
              AllOf(HasSubstr("stat_prefix: "), HasSubstr("stage: "), HasSubstr("max_tokens: ")));
}

}  // namespace
}  // namespace outrigger::local_ratelimit
