#include "source/server/admin/message_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "envoy/admin/v3/config_dump_shared.pb.h"
#include "envoy/config/cluster/v3/cluster.pb.h"
#include "source/base/text.h"

namespace outrigger::server {
namespace {

using envoy::admin::v3::ClustersConfigDump;
using envoy::config::cluster::v3::Cluster;

ClustersConfigDump TwoClusters() {
  ClustersConfigDump dump;
  dump.set_version_info("7");
  for (const char* name : {"a", "b"}) {
    Cluster cluster;
    cluster.set_name(name);
    cluster.set_alt_stat_name("other");
    auto& entry = *dump.add_dynamic_active_clusters();
    entry.set_version_info("7");
    entry.mutable_cluster()->PackFrom(cluster);
  }
  return dump;
}

Cluster ClusterAt(const ClustersConfigDump& dump, int at) {
  Cluster cluster;
  EXPECT_TRUE(dump.dynamic_active_clusters(at).cluster().UnpackTo(&cluster));
  return cluster;
}

TEST(MessageMask, KeepsWholeFields) {
  ClustersConfigDump dump = TwoClusters();
  ASSERT_TRUE(KeepMasked("version_info", dump).ok());
  EXPECT_EQ(dump.version_info(), "7");
  EXPECT_EQ(dump.dynamic_active_clusters_size(), 0);
}

TEST(MessageMask, GoesIntoEachElementAndIntoAny) {
  ClustersConfigDump dump = TwoClusters();
  ASSERT_TRUE(KeepMasked("dynamic_active_clusters.cluster.name", dump).ok());
  EXPECT_EQ(dump.version_info(), "");
  ASSERT_EQ(dump.dynamic_active_clusters_size(), 2);
  EXPECT_EQ(dump.dynamic_active_clusters(0).version_info(), "");
  EXPECT_EQ(ClusterAt(dump, 1).name(), "b");
  EXPECT_EQ(ClusterAt(dump, 1).alt_stat_name(), "");
}

TEST(MessageMask, AShorterPathAdmitsAllOfALongerOne) {
  for (const char* mask : {"dynamic_active_clusters,dynamic_active_clusters.version_info",
                           "dynamic_active_clusters.version_info,dynamic_active_clusters"}) {
    ClustersConfigDump dump = TwoClusters();
    ASSERT_TRUE(KeepMasked(mask, dump).ok());
    EXPECT_EQ(ClusterAt(dump, 0).alt_stat_name(), "other") << mask;
  }
}

TEST(MessageMask, RefusesPathsThatTheTypeDoesNotHave) {
  ClustersConfigDump dump = TwoClusters();
  const auto refusal = [&](const char* mask) {
    return std::string(base::StdView(KeepMasked(mask, dump).message()));
  };
  EXPECT_EQ(refusal("apples"), "mask: envoy.admin.v3.ClustersConfigDump has no field \"apples\"");
  EXPECT_THAT(refusal("version_info.x"),
              testing::HasSubstr("has no fields, got \"version_info.x\""));
  EXPECT_THAT(refusal(","), testing::HasSubstr("names no field"));
}

TEST(MessageMask, KeepsNothingOfAnAnyThatLacksThePath) {
  ClustersConfigDump dump = TwoClusters();
  ASSERT_TRUE(KeepMasked("dynamic_active_clusters.cluster.apples", dump).ok());
  EXPECT_EQ(ClusterAt(dump, 0).ByteSizeLong(), 0);
}

}  // namespace
}  // namespace outrigger::server
