#include "source/server/admin/listener_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/server/admin/admin_world.h"

namespace outrigger::server {
namespace {

using testing::HasSubstr;

struct ListenerPages : testing::Test {
  ListenerPages() {
    AddListenerPages(its.admin, its.listeners,
                     [this](const DrainRequest& request) { drains.push_back(request); });
  }
  AdminWorld its;
  std::vector<DrainRequest> drains;
};

TEST_F(ListenerPages, ShowTheAddressThatTheKernelChose) {
  its.AddListener("front");
  its.AddListener("cold", "routes");
  const net::Address bound = its.listeners.List()[1].addresses[0];
  ASSERT_NE(bound.port(), 0);
  EXPECT_EQ(its.Get("/listeners").body, "front::" + bound.ToString() + "\n");
  EXPECT_THAT(its.Get("/listeners?format=json").body,
              HasSubstr("\"port_value\": " + std::to_string(bound.port())));
}

TEST_F(ListenerPages, DrainAsIstioAsks) {
  EXPECT_EQ(its.Post("/drain_listeners?inboundonly&graceful&skip_exit").body, "OK\n");
  ASSERT_EQ(drains.size(), 1);
  EXPECT_EQ(drains[0].which, ListenerSet::Which::kInbound);
  EXPECT_TRUE(drains[0].is_graceful);
  EXPECT_TRUE(drains[0].keeps_accepting);
}

TEST_F(ListenerPages, DrainAtOnceWithoutParameters) {
  its.Post("/drain_listeners");
  ASSERT_EQ(drains.size(), 1);
  EXPECT_EQ(drains[0].which, ListenerSet::Which::kAll);
  EXPECT_FALSE(drains[0].is_graceful);
}

TEST_F(ListenerPages, DrainNothingWhenAskedWrongly) {
  EXPECT_EQ(its.Post("/drain_listeners?skip_exit").status, 400);
  EXPECT_EQ(its.Get("/drain_listeners").status, 405);
  EXPECT_TRUE(drains.empty());
}

}  // namespace
}  // namespace outrigger::server
