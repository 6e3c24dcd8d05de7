#include "source/net/proxy_header.h"

#include "gtest/gtest.h"

namespace outrigger::net {
namespace {

using namespace std::string_literals;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

ProxyFound Read(std::string_view bytes) {
  ProxyHeader header;
  return ReadProxyHeader(bytes, header);
}

Address At(std::string_view text) { return *Address::Parse(text); }

TEST(ProxyHeader, ReadsAddressesOfVersion1) {
  ProxyHeader header;
  ASSERT_EQ(ReadProxyHeader("PROXY TCP4 192.0.2.1 198.51.100.2 1000 80\r\nGET", header),
            ProxyFound::kHeader);
  EXPECT_TRUE(header.has_addresses);
  EXPECT_EQ(header.source, At("192.0.2.1:1000"));
  EXPECT_EQ(header.destination, At("198.51.100.2:80"));
  EXPECT_EQ(header.size_bytes, 43u);
  ASSERT_EQ(ReadProxyHeader("PROXY TCP6 ::1 fd00::2 1 2\r\n", header), ProxyFound::kHeader);
  EXPECT_EQ(header.source, At("[::1]:1"));
}

TEST(ProxyHeader, LetsAnUnknownSenderOfVersion1Speak) {
  ProxyHeader header;
  for (const char* line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f 1 2 3 anything\r\n"}) {
    ASSERT_EQ(ReadProxyHeader(line, header), ProxyFound::kHeader);
    EXPECT_FALSE(header.has_addresses);
    EXPECT_EQ(header.size_bytes, std::string_view(line).size());
  }
}

TEST(ProxyHeader, RefusesWhatBreaksVersion1) {
  for (const char* line :
       {"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"}) {
    EXPECT_EQ(Read(line), ProxyFound::kInvalid) << line;
  }
  EXPECT_EQ(Read("PROXY TCP4 " + std::string(100, '1')), ProxyFound::kInvalid);
}

TEST(ProxyHeader, ReadsAddressesOfVersion2AndCountsItsTlvs) {
  ProxyHeader header;
  const std::string v4 = kSignature + "\x21\x11\0\x0f"s + "\xc0\0\2\1\xc6\x33\x64\2\x03\xe8\0\x50"s;
  ASSERT_EQ(ReadProxyHeader(v4, header), ProxyFound::kHeader);  // the TLV is still to come
  EXPECT_EQ(header.source, At("192.0.2.1:1000"));
  EXPECT_EQ(header.destination, At("198.51.100.2:80"));
  EXPECT_EQ(header.size_bytes, 31u);
  const std::string v6 = kSignature + "\x21\x21\0\x24"s + std::string(15, '\0') + "\1"s +
                         std::string(15, '\0') + "\2\0\1\0\2"s;
  ASSERT_EQ(ReadProxyHeader(v6, header), ProxyFound::kHeader);
  EXPECT_EQ(header.source, At("[::1]:1"));
  EXPECT_EQ(header.destination, At("[::2]:2"));
}

TEST(ProxyHeader, LetsTheSenderOfVersion2SpeakForItself) {
  ProxyHeader header;
  for (const std::string& head :
       {"\x20\0\0\0"s, "\x20\x11\0\x0c"s, "\x21\0\0\5"s, "\x21\x31\0\xd8"s}) {
    ASSERT_EQ(ReadProxyHeader(kSignature + head, header), ProxyFound::kHeader);
    EXPECT_FALSE(header.has_addresses);
  }
}

TEST(ProxyHeader, RefusesWhatBreaksVersion2) {
  for (const std::string& head : {"\x11\x11\0\x0c"s,     // another version
                                  "\x22\x11\0\x0c"s,     // an unknown command
                                  "\x21\x41\0\x0c"s,     // an unknown family
                                  "\x21\x12\0\x0c"s,     // datagrams
                                  "\x21\x11\0\x0b"s,     // too short for IPv4
                                  "\x21\x21\0\x23"s}) {  // too short for IPv6
    EXPECT_EQ(Read(kSignature + head + std::string(40, 'x')), ProxyFound::kInvalid);
  }
}

TEST(ProxyHeader, KnowsItsBeginningInPieces) {
  const std::string v1 = "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n";
  const std::string v2 = kSignature + "\x21\x11\0\x0c"s + std::string(12, 'a');
  for (const std::string& whole : {v1, v2}) {
    for (size_t n = 0; n < whole.size(); ++n) {
      EXPECT_EQ(Read(whole.substr(0, n)), ProxyFound::kNeedsMore) << n;
    }
    EXPECT_EQ(Read(whole), ProxyFound::kHeader);
  }
  EXPECT_EQ(Read("GET / HTTP/1.1\r\n"), ProxyFound::kAbsent);
  EXPECT_EQ(Read("PRO "), ProxyFound::kAbsent);
  EXPECT_EQ(Read("\r\n\r\nX"), ProxyFound::kAbsent);
}

TEST(ProxyHeader, ReadsWhatItWrites) {
  for (const ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    for (const auto& [from, to] : {std::pair{"192.0.2.1:65535", "198.51.100.2:80"},
                                   std::pair{"[fd00::1]:1000", "[2001:db8::2]:443"}}) {
      base::Buffer out;
      AppendProxyHeader(version, At(from), At(to), out);
      ProxyHeader header;
      ASSERT_EQ(ReadProxyHeader(out.ToString(), header), ProxyFound::kHeader);
      EXPECT_EQ(header.version, version);
      EXPECT_EQ(header.source, At(from));
      EXPECT_EQ(header.destination, At(to));
      EXPECT_EQ(header.size_bytes, out.size());
    }
  }
}

TEST(ProxyHeader, SaysNothingOfAddressesThatItCannotWrite) {
  base::Buffer text, binary;
  AppendProxyHeader(ProxyVersion::kV1, At("unix:/a"), At("1.2.3.4:5"), text);
  EXPECT_EQ(text.ToString(), "PROXY UNKNOWN\r\n");
  AppendProxyHeader(ProxyVersion::kV2, At("[::1]:2"), At("1.2.3.4:5"), binary);
  EXPECT_EQ(binary.ToString(), kSignature + "\x20\0\0\0"s);
}

}  // namespace
}  // namespace outrigger::net
