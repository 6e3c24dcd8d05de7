#include <string>

#include <google/protobuf/descriptor.h>
#include "envoy/config/cluster/v3/cluster.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "outrigger/annotations/v1/support.pb.h"

// What other code relies on beyond the messages themselves: types found by name, options readable.
namespace outrigger {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::outrigger::annotations::v1::not_implemented;
using ::outrigger::annotations::v1::value_not_implemented;

class Registered : public testing::TestWithParam<std::string> {};

TEST_P(Registered, IsFoundByNameWithoutBeingReferenced) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  EXPECT_NE(pool->FindMessageTypeByName(GetParam()), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Any, Registered,
    testing::Values("envoy.admin.v3.ClustersConfigDump", "envoy.config.bootstrap.v3.Bootstrap",
                    "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                    "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                    "envoy.extensions.filters.http.rbac.v3.RBACPerRoute",
                    "envoy.extensions.filters.http.router.v3.Router",
                    "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct"));

TEST(NotImplemented, MarksFieldsToRefuse) {
  const auto* cluster = Cluster::descriptor();
  EXPECT_TRUE(cluster->FindFieldByName("health_checks")->options().GetExtension(not_implemented));
  EXPECT_FALSE(cluster->FindFieldByName("name")->options().GetExtension(not_implemented));
}

TEST(NotImplemented, MarksEnumValuesToRefuse) {
  const auto* policies = Cluster::LbPolicy_descriptor();
  EXPECT_TRUE(policies->FindValueByName("MAGLEV")->options().GetExtension(value_not_implemented));
  EXPECT_FALSE(
      policies->FindValueByName("ROUND_ROBIN")->options().GetExtension(value_not_implemented));
}

}  // namespace
}  // namespace outrigger
