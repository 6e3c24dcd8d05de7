#include "source/route/header_edits.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "source/route/route_table.h"
#include "test/route/request.h"

namespace outrigger::route {
namespace {

std::string Print(const http::HeaderMap& headers) {
  std::string text;
  for (const http::Header& header : headers.entries()) {
    text.append(header.name()).append(": ").append(header.value()).append("\n");
  }
  return text;
}

HeaderEdits Edits(HeaderEdit edit, std::vector<std::string> removals = {}) {
  std::vector<HeaderEdit> edits;
  edits.push_back(std::move(edit));
  return *HeaderEdits::Make(std::move(edits), std::move(removals));
}

std::string After(const HeaderEdits& edits, Request::Headers headers) {
  Request request("/", headers);
  edits.Apply(request.head.headers, http::StreamSummary());
  return Print(request.head.headers);
}

TEST(HeaderEdits, FollowTheirActions) {
  const Request::Headers with = {{"x-a", "old"}};
  const auto edit = [](EditAction action) {
    return Edits({.name = "x-a", .value = "new", .action = action});
  };
  EXPECT_EQ(After(edit(EditAction::kAppend), with), "x-a: old\nx-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kAppend), {}), "x-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kAddIfAbsent), with), "x-a: old\n");
  EXPECT_EQ(After(edit(EditAction::kAddIfAbsent), {}), "x-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kOverwriteOrAdd), with), "x-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kOverwriteOrAdd), {}), "x-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kOverwriteIfExists), with), "x-a: new\n");
  EXPECT_EQ(After(edit(EditAction::kOverwriteIfExists), {}), "");
}

TEST(HeaderEdits, RemoveBeforeTheyAdd) {
  const HeaderEdits edits = Edits({.name = "x-a", .value = "new"}, {"X-A", "cookie"});
  EXPECT_EQ(After(edits, {{"x-a", "1"}, {"Cookie", "c"}, {"x-a", "2"}}), "x-a: new\n");
}

TEST(HeaderEdits, FormatWhatIsNotLiteral) {
  HeaderEdit edit{.name = "x-route"};
  edit.value = EditFormat([](const http::StreamSummary& summary, std::string& out) {
    out.append(summary.route_name).append("\r\n!");
  });
  const HeaderEdits edits = Edits(std::move(edit));
  Request request("/", {});
  http::StreamSummary summary;
  summary.route_name = "r1";
  edits.Apply(request.head.headers, summary);
  EXPECT_EQ(Print(request.head.headers), "x-route: r1!\n");  // no header can be smuggled in
}

TEST(HeaderEdits, LeaveOutEmptyValuesUnlessTold) {
  EXPECT_EQ(After(Edits({.name = "x", .value = ""}), {}), "");
  EXPECT_EQ(After(Edits({.name = "x", .value = "", .keep_empty_value = true}), {}), "x: \n");
}

TEST(HeaderEdits, RefuseNamesThatCannotBeEdited) {
  const auto error_of = [](std::string name, std::string value) {
    std::vector<HeaderEdit> edits;
    edits.push_back({.name = std::move(name), .value = std::move(value)});
    return std::string(HeaderEdits::Make(std::move(edits), {}).status().message());
  };
  EXPECT_EQ(error_of("Host", "x"),
            "header: \"Host\" cannot be edited; use the rewrites of the route");
  EXPECT_EQ(error_of(":path", "x"),
            "header: \":path\" cannot be edited; use the rewrites of the route");
  EXPECT_EQ(error_of("a b", "x"), "header: not a field name, got \"a b\"");
  EXPECT_EQ(error_of("a", "x\r\ny"), "header: the value of \"a\" has a line break or NUL");
  EXPECT_FALSE(HeaderEdits::Make({}, {"host"}).ok());
}

std::string EditedByAllLevels(bool most_specific_wins) {
  const auto set = [](std::string value) {
    return Edits({.name = "x", .value = std::move(value), .action = EditAction::kOverwriteOrAdd});
  };
  ForwardAction forward;
  WeightedTarget& target = forward.weighted.emplace_back();
  target.cluster.name = "c";
  target.request_edits = set("target");
  RouteSpec route{.action = std::move(forward), .request_edits = set("route")};
  VirtualHostSpec host{.name = "h", .domains = {"*"}, .request_edits = set("host")};
  host.routes.push_back(std::move(route));
  RouteTableSpec spec{.request_edits = set("table"), .most_specific_edits_win = most_specific_wins};
  spec.virtual_hosts.push_back(std::move(host));
  const auto table = *RouteTable::Compile(std::move(spec));

  Request request("/");
  const Route* found = table->Find({.head = request.head});
  EditRequest(*found, &found->forward()->weighted[0], request.head.headers, http::StreamSummary());
  return std::string(*request.head.headers.Get("x"));
}

TEST(EditRequest, TheLastLevelWins) {
  EXPECT_EQ(EditedByAllLevels(false), "table");
  EXPECT_EQ(EditedByAllLevels(true), "target");
}

}  // namespace
}  // namespace outrigger::route
