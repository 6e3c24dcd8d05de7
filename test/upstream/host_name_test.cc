#include "source/upstream/host_name.h"

#include <string>

#include "gtest/gtest.h"

namespace outrigger::upstream {
namespace {

std::string NameOf(std::string_view host, std::string_view header = {}) {
  base::Arena arena;
  http::RequestHead head(arena);
  head.headers.Add(http::HeaderId::kHost, host);
  if (!header.empty()) head.headers.Add("x-name", header);
  ClusterSpec spec;
  spec.auto_sni = true;
  spec.auto_sni_header = header.empty() ? "" : "x-name";
  return std::string(HostName(spec, head));
}

TEST(HostName, LeavesOutWhatIsNotTheName) {
  const std::pair<const char*, const char*> cases[] = {
      {"example.com", "example.com"},
      {"example.com:443", "example.com"},
      {"Example.COM", "example.com"},
      {"example.com.:443", "example.com"},
      {"10.0.0.1:80", "10.0.0.1"},
      {"[::1]:443", "::1"},
      {"[fe80::1]", "fe80::1"},
      {"fe80::1", "fe80::1"},
      {"[broken", ""},
      {"", ""},
      {":80", ""},
      {".", ""},
  };
  for (const auto& [host, name] : cases) EXPECT_EQ(NameOf(host), name) << host;
}

TEST(HostName, TakesTheHeaderThatTheClusterNames) {
  EXPECT_EQ(NameOf("a.example", "b.example:1"), "b.example");
}

TEST(HostName, IsNoneBeyondWhatDnsAllows) {
  EXPECT_EQ(NameOf(std::string(253, 'a')).size(), 253u);
  EXPECT_EQ(NameOf(std::string(254, 'a')), "");
}

TEST(HostName, IsNoneWhereTheClusterAsksForNone) {
  base::Arena arena;
  http::RequestHead head(arena);
  head.headers.Add(http::HeaderId::kHost, "a.example");
  EXPECT_EQ(HostName(ClusterSpec(), head), "");
}

}  // namespace
}  // namespace outrigger::upstream
