#include "source/server/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/server/admin/admin_world.h"

namespace outrigger::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A client on a connection of its own.
struct AdminEndpoint : testing::Test {
  AdminEndpoint() {
    its.admin.Add({.path = "/see",
                   .about = "",
                   .parameters = {{"what", "to see"}, {"how", "to see it"}},
                   .serve = [](const AdminRequest& request) {
                     return AdminReply::Text("saw " + request.Get("what").value_or("nothing"));
                   }});
    its.admin.Add(
        {.path = "/change", .about = "", .changes = true, .serve = [this](const AdminRequest&) {
           ++changes;
           return AdminReply::Text("OK\n");
         }});
    CHECK(its.admin.Listen(*net::Address::Ip("127.0.0.1", 0)).ok());
  }
  // Sends a request; what came until `end` is there.
  std::string Exchange(const std::string& request, std::string_view end) {
    auto socket = net::StartConnect(*its.admin.address(), nullptr, {});
    CHECK(socket.ok());
    net::RawPeer peer(*std::move(socket));
    size_t sent = 0;
    const bool came = its.world.turns.RunUntil([&] {
      if (sent < request.size()) sent += peer.Send(std::string_view(request).substr(sent));
      peer.Receive();
      return peer.received().ends_with(end) || peer.saw_end();
    });
    CHECK(came);
    return peer.received();
  }

  AdminWorld its;
  int changes = 0;
};

TEST_F(AdminEndpoint, ServesPagesOverHttp) {
  const std::string got =
      Exchange("GET /see?what=a%20ship HTTP/1.1\r\nhost: x\r\n\r\n", "saw a ship");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(got, HasSubstr("content-length: 10\r\n"));
  EXPECT_THAT(got, HasSubstr("cache-control: no-cache, max-age=0\r\n"));
}

TEST_F(AdminEndpoint, RefusesParametersThatAPageDoesNotTake) {
  const Answer answer = its.Get("/see?what=x&waht=y");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "waht: unknown parameter of /see; known: what, how\n");
  EXPECT_EQ(its.Post("/change?now").status, 400);
  EXPECT_EQ(changes, 0);
}

TEST_F(AdminEndpoint, AnswersHeadWithoutABody) {
  const std::string got = Exchange("HEAD /see HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\n");
  EXPECT_THAT(got, HasSubstr("content-length: 11\r\n"));
  EXPECT_THAT(got, Not(HasSubstr("saw")));
}

TEST_F(AdminEndpoint, ChangesByPostOnly) {
  EXPECT_THAT(Exchange("GET /change HTTP/1.1\r\nhost: x\r\n\r\n", "-X POST\n"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(changes, 0);
  EXPECT_THAT(Exchange("POST /change HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc", "OK\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(changes, 1);
}

TEST_F(AdminEndpoint, RefusesWhatAPageOfAnotherSitePosts) {
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_THAT(Exchange(std::string("POST /change HTTP/1.1\r\nhost: x\r\nsec-fetch-site: ") +
                             site + "\r\ncontent-length: 0\r\n\r\n",
                         "POST here\n"),
                StartsWith("HTTP/1.1 403 "));
  }
  EXPECT_EQ(changes, 0);
  Exchange(
      "POST /change HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\n"
      "content-length: 0\r\n\r\n",
      "OK\n");
  EXPECT_EQ(changes, 1);
}

TEST_F(AdminEndpoint, RefusesABrokenQuery) {
  EXPECT_THAT(Exchange("GET /see?what=%2 HTTP/1.1\r\nhost: x\r\n\r\n", "escape\n"),
              StartsWith("HTTP/1.1 400 "));
}

TEST(AdminQuery, LastOfEqualNamesWins) {
  AdminRequest request;
  ASSERT_TRUE(ParseQuery("a=1&b&&a=%2F+x&c=d=e", request));
  EXPECT_EQ(request.Get("a"), "/ x");
  EXPECT_EQ(request.Get("b"), "");
  EXPECT_EQ(request.Get("c"), "d=e");
  EXPECT_FALSE(request.Has("d"));
}

TEST(AdminQuery, RefusesBrokenEscapes) {
  AdminRequest request;
  for (const char* query : {"a=%", "a=%1", "a=%zz", "%=1", "a=% 1"}) {
    EXPECT_FALSE(ParseQuery(query, request)) << query;
  }
}

}  // namespace
}  // namespace outrigger::server
