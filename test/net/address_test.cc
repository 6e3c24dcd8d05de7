#include "source/net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/hash/hash.h"

namespace outrigger::net {
namespace {

using ::testing::HasSubstr;

TEST(Address, ParsesWhatItPrints) {
  for (const char* text : {"1.2.3.4:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80",
                           "[fd00::1:2]:443", "[::ffff:1.2.3.4]:1"}) {
    const auto address = Address::Parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->ToString(), text);
    EXPECT_TRUE(address->is_ip());
  }
}

TEST(Address, ParsesUnixPathsAndNames) {
  for (const char* name : {"/tmp/x.sock", "relative", "@abstract"}) {
    const auto address = Address::Parse(std::string("unix:") + name);
    ASSERT_TRUE(address.ok()) << name;
    EXPECT_TRUE(address->is_unix());
    EXPECT_EQ(address->ToString(), name);
    EXPECT_EQ(address->port(), 0);
    EXPECT_EQ(address->ip(), "");
  }
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:65536",
                           "1.2.3.4:-1",
                           "1.2.3.4:+1",
                           "1.2.3.4:8o",
                           "1.2.3.4: 80",
                           "1.2.3:80",
                           "1.2.3.4.5:80",
                           "01.2.3.4:80",
                           "256.1.1.1:80",
                           "::1:80",
                           "[::1]",
                           "[::1]:",
                           "[::1:80",
                           "::1]:80",
                           "[1.2.3.4]:80",
                           "[]:80",
                           "[[::1]]:80",
                           "host:80",
                           "[::1%lo]:80",
                           "unix:",
                           "1.2.3.4:99999999999999999999"}) {
    const auto address = Address::Parse(text);
    EXPECT_FALSE(address.ok()) << text << " became " << address->ToString();
  }
}

TEST(Address, NamesTheValueThatIsWrong) {
  EXPECT_THAT(std::string(Address::Parse("1.2.3.4:70000").status().message()),
              HasSubstr("must be 0-65535, got \"1.2.3.4:70000\""));
}

TEST(Address, RefusesUnixPathsThatDoNotFit) {
  EXPECT_TRUE(Address::Unix(std::string(107, 'p')).ok());
  EXPECT_FALSE(Address::Unix(std::string(108, 'p')).ok());
  EXPECT_TRUE(Address::Unix("@" + std::string(107, 'p')).ok());
  EXPECT_FALSE(Address::Unix("@" + std::string(108, 'p')).ok());
  EXPECT_FALSE(Address::Unix("").ok());
  EXPECT_FALSE(Address::Unix(std::string_view("a\0b", 3)).ok());
}

TEST(Address, RefusesAnIpWithANulInside) {
  EXPECT_FALSE(Address::Ip(std::string_view("1.2.3.4\0x", 9), 80).ok());
}

TEST(Address, ComparesAndHashesByValue) {
  const Address a = *Address::Parse("1.2.3.4:80");
  EXPECT_EQ(a, *Address::Ip("1.2.3.4", 80));
  EXPECT_FALSE(a == *Address::Ip("1.2.3.4", 81));
  EXPECT_FALSE(a == *Address::Ip("::ffff:1.2.3.4", 80));
  EXPECT_FALSE(a == *Address::Unix("1.2.3.4:80"));
  EXPECT_EQ(*Address::Unix("/x"), *Address::Unix("/x"));
  EXPECT_FALSE(*Address::Unix("/x") == *Address::Unix("/y"));
  EXPECT_EQ(absl::HashOf(*Address::Unix("/x")), absl::HashOf(*Address::Unix("/x")));
  EXPECT_NE(absl::HashOf(a), absl::HashOf(a.WithPort(81)));
}

TEST(Address, ChangesItsPortInACopy) {
  const Address a = *Address::Parse("[::1]:80");
  EXPECT_EQ(a.WithPort(81).ToString(), "[::1]:81");
  EXPECT_EQ(a.port(), 80);
}

TEST(Address, ShowsIpv4AsMappedBytes) {
  uint8_t v4[16], mapped[16];
  Address::Ip("1.2.3.4", 0)->IpBytes(v4);
  Address::Ip("::ffff:1.2.3.4", 0)->IpBytes(mapped);
  EXPECT_EQ(std::string(v4, v4 + 16), std::string(mapped, mapped + 16));
}

TEST(Address, SurvivesTheKernelsForm) {
  for (const char* text : {"1.2.3.4:80", "[fd00::1]:443", "unix:/tmp/x.sock", "unix:@name"}) {
    const Address address = *Address::Parse(text);
    EXPECT_EQ(Address::FromSockaddr(address.raw(), address.raw_size()), address);
  }
}

TEST(Address, HoldsAnUnnamedUnixPeer) {
  const sockaddr unnamed{.sa_family = AF_UNIX, .sa_data = {}};
  const Address address = Address::FromSockaddr(&unnamed, sizeof(sa_family_t));
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.ToString(), "");
}

struct CidrCase {
  const char* ip;
  uint32_t bits;
  const char* address;
  bool is_inside;
};

TEST(Cidr, ContainsTheAddressesOfItsPrefix) {
  const CidrCase cases[] = {
      {"10.0.0.0", 8, "10.255.1.2", true},
      {"10.0.0.0", 8, "11.0.0.0", false},
      {"10.1.2.3", 8, "10.200.0.1", true},
      {"192.168.4.0", 23, "192.168.5.255", true},
      {"192.168.4.0", 23, "192.168.6.0", false},
      {"1.2.3.4", 32, "1.2.3.4", true},
      {"1.2.3.4", 32, "1.2.3.5", false},
      {"0.0.0.0", 0, "203.0.113.9", true},
      {"0.0.0.0", 0, "fd00::1", false},
      {"10.0.0.0", 8, "::ffff:10.1.1.1", true},
      {"fd00::", 8, "fdff::1", true},
      {"fd00::", 8, "fe00::1", false},
      {"2001:db8::", 33, "2001:db8:7fff::", true},
      {"2001:db8::", 33, "2001:db8:8000::", false},
      {"::1", 128, "::1", true},
      {"::1", 128, "::2", false},
      {"::", 0, "fd00::1", true},
      {"::", 0, "10.1.1.1", false},
  };
  for (const CidrCase& c : cases) {
    const auto cidr = Cidr::Make(c.ip, c.bits);
    ASSERT_TRUE(cidr.ok()) << cidr.status();
    EXPECT_EQ(cidr->Contains(*Address::Ip(c.address, 80)), c.is_inside)
        << c.ip << "/" << c.bits << " " << c.address;
  }
  EXPECT_FALSE(Cidr::Make("0.0.0.0", 0)->Contains(*Address::Unix("@x")));
}

TEST(Cidr, PrintsItsPrefix) {
  EXPECT_EQ(Cidr::Make("10.1.2.3", 8)->ToString(), "10.0.0.0/8");
  EXPECT_EQ(Cidr::Make("fd00::7", 120)->ToString(), "fd00::/120");
}

TEST(Cidr, RefusesTooLongPrefixes) {
  EXPECT_FALSE(Cidr::Make("10.0.0.0", 33).ok());
  EXPECT_FALSE(Cidr::Make("::", 129).ok());
  EXPECT_FALSE(Cidr::Make("ten", 8).ok());
}

}  // namespace
}  // namespace outrigger::net
