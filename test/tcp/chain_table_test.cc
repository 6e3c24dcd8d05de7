#include "source/tcp/chain_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace outrigger::tcp {
namespace {

using testing::HasSubstr;

net::Cidr Range(std::string_view ip, uint32_t bits) { return *net::Cidr::Make(ip, bits); }

// A connection, as much of it as a test needs.
struct From {
  std::string_view local = "10.0.0.1:80";
  std::string_view peer = "192.0.2.7:1000";
  std::string_view direct = "";
  std::string_view transport = "";
  std::string_view name = "";
  std::vector<std::string> protocols = {};
};

class Table {
 public:
  explicit Table(std::vector<ChainMatch> matches) {
    for (size_t i = 0; i < matches.size(); ++i) names_.push_back("chain " + std::to_string(i));
    auto table = ChainTable::Make(matches, names_);
    status_ = table.status();
    if (table.ok()) table_ = *std::move(table);
  }
  int Find(const From& from) const {
    net::Accepted connection;
    connection.local = *net::Address::Parse(from.local);
    connection.peer = *net::Address::Parse(from.peer);
    net::Arrival& arrival = connection.Found();
    if (!from.direct.empty()) arrival.direct_peer = *net::Address::Parse(from.direct);
    arrival.transport_protocol = from.transport;
    arrival.server_name = std::string(from.name);
    arrival.application_protocols = from.protocols;
    return table_.Find(connection);
  }
  std::string error() const { return std::string(status_.message()); }

 private:
  std::vector<std::string> names_;
  absl::Status status_;
  ChainTable table_;
};

constexpr int kNone = ChainTable::kNone;

TEST(ChainTable, FindsNothingWhereNoChainMatches) {
  EXPECT_EQ(Table(std::vector<ChainMatch>()).Find({}), kNone);
  EXPECT_EQ(Table(std::vector<ChainMatch>{{.destination_port = 81}}).Find({}), kNone);
}

TEST(ChainTable, LooksAtTheDestinationPortFirstAndDoesNotGoBack) {
  const Table table(
      {{.destination_port = 80, .server_names = {"a"}}, {.destinations = {Range("10.0.0.1", 32)}}});
  EXPECT_EQ(table.Find({.name = "a"}), 0);
  EXPECT_EQ(table.Find({.name = "b"}), kNone);  // port 80 has a chain, but not for this name
  EXPECT_EQ(table.Find({.local = "10.0.0.1:81"}), 1);
}

TEST(ChainTable, TakesTheLongestPrefixOfTheDestination) {
  const Table table({{.destinations = {Range("10.0.0.0", 8), Range("fd00::", 8)}},
                     {.destinations = {Range("10.1.0.0", 16)}},
                     {.destinations = {Range("10.1.2.3", 32)}},
                     {}});
  EXPECT_EQ(table.Find({.local = "10.9.9.9:80"}), 0);
  EXPECT_EQ(table.Find({.local = "[fd00::1]:80"}), 0);
  EXPECT_EQ(table.Find({.local = "10.1.9.9:80"}), 1);
  EXPECT_EQ(table.Find({.local = "10.1.2.3:80"}), 2);
  EXPECT_EQ(table.Find({.local = "11.1.2.3:80"}), 3);
  EXPECT_EQ(table.Find({.local = "[fe80::1]:80"}), 3);
}

TEST(ChainTable, KeepsTheFamiliesApart) {
  const Table table({{.destinations = {Range("::", 0)}}});
  EXPECT_EQ(table.Find({.local = "[fe80::1]:80"}), 0);
  EXPECT_EQ(table.Find({.local = "10.1.2.3:80"}), kNone);
}

TEST(ChainTable, TakesTheExactNameThenTheLongestWildcard) {
  const Table table({{.server_names = {"www.example.com"}},
                     {.server_names = {"*.example.com"}},
                     {.server_names = {"*.com"}},
                     {}});
  EXPECT_EQ(table.Find({.name = "www.example.com"}), 0);
  EXPECT_EQ(table.Find({.name = "a.b.example.com"}), 1);
  EXPECT_EQ(table.Find({.name = "example.com"}), 2);
  EXPECT_EQ(table.Find({.name = ".com"}), 3);
  EXPECT_EQ(table.Find({.name = "com"}), 3);
  EXPECT_EQ(table.Find({}), 3);
}

TEST(ChainTable, TakesPlaintextForRawBuffer) {
  const Table table({{.transport_protocol = "tls"}, {.transport_protocol = "raw_buffer"}});
  EXPECT_EQ(table.Find({.transport = "tls"}), 0);
  EXPECT_EQ(table.Find({}), 1);
}

TEST(ChainTable, TakesTheClientsFirstProtocolThatAChainHas) {
  const Table table(
      {{.application_protocols = {"http/1.1"}}, {.application_protocols = {"h2", "istio"}}, {}});
  EXPECT_EQ(table.Find({.protocols = {"x", "istio", "http/1.1"}}), 1);
  EXPECT_EQ(table.Find({.protocols = {"http/1.1", "h2"}}), 0);
  EXPECT_EQ(table.Find({.protocols = {"x"}}), 2);
}

TEST(ChainTable, TellsTheSocketsOtherSideFromTheClient) {
  const Table table(
      {{.direct_sources = {Range("198.51.100.1", 32)}}, {.sources = {Range("192.0.2.0", 24)}}});
  EXPECT_EQ(table.Find({.direct = "198.51.100.1:5"}), 0);
  EXPECT_EQ(table.Find({.direct = "198.51.100.2:5"}), 1);
  EXPECT_EQ(table.Find({}), 1);
}

TEST(ChainTable, KnowsLocalClients) {
  const Table table(
      {{.source_type = SourceType::kSameIpOrLoopback}, {.source_type = SourceType::kExternal}});
  EXPECT_EQ(table.Find({.peer = "127.0.0.1:1"}), 0);
  EXPECT_EQ(table.Find({.local = "10.0.0.1:80", .peer = "10.0.0.1:1"}), 0);
  EXPECT_EQ(table.Find({.local = "[fd00::1]:80", .peer = "[::1]:1"}), 0);
  EXPECT_EQ(table.Find({}), 1);
  const Table only_external({{}, {.source_type = SourceType::kExternal}});
  EXPECT_EQ(only_external.Find({.peer = "127.0.0.1:1"}), 0);
}

TEST(ChainTable, TakesTheLongestSourcePrefixThenThePort) {
  const Table table({{.sources = {Range("192.0.2.0", 24)}, .source_ports = {1000, 1001}},
                     {.sources = {Range("192.0.2.0", 24)}},
                     {.sources = {Range("192.0.2.8", 32)}, .source_ports = {5}}});
  EXPECT_EQ(table.Find({}), 0);
  EXPECT_EQ(table.Find({.peer = "192.0.2.7:1002"}), 1);
  EXPECT_EQ(table.Find({.peer = "192.0.2.8:5"}), 2);
  EXPECT_EQ(table.Find({.peer = "192.0.2.8:6"}), kNone);
}

TEST(ChainTable, ServesUnixSocketsByTheChainsThatAskForNoAddress) {
  const Table table({{.destinations = {Range("10.0.0.0", 8)}}, {}});
  EXPECT_EQ(table.Find({.local = "unix:/a", .peer = "unix:/b"}), 1);
}

TEST(ChainTable, RefusesTwoChainsForTheSameConnections) {
  EXPECT_EQ(Table({{}, {}}).error(),
            "chain 1 takes the same connections as chain 0; of two chains one must be more exact");
  EXPECT_THAT(Table({{.server_names = {"a", "b"}}, {.server_names = {"c", "b"}}}).error(),
              HasSubstr("chain 1 takes the same"));
  EXPECT_EQ(Table({{.server_names = {"a", "a"}}}).error(), "");
}

TEST(ChainTable, RefusesListsThatMultiplyWithoutEnd) {
  ChainMatch match;
  for (int i = 0; i < 1001; ++i) {
    match.server_names.push_back("name" + std::to_string(i));
    match.source_ports.push_back(static_cast<uint16_t>(i + 1));
  }
  EXPECT_THAT(Table({match}).error(), HasSubstr("must not take more than 1000000"));
}

}  // namespace
}  // namespace outrigger::tcp
