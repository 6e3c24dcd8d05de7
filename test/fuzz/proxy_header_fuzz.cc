// PROXY headers of any kind. A prefix may need more or say what the whole says, nothing else; a
// header that has addresses is the same when it is written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/net/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::net;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  input = input.substr(0, kMostProxyAddressBytes);
  ProxyHeader header;
  const ProxyFound found = ReadProxyHeader(input, header);
  for (size_t n = 0; n < input.size(); ++n) {
    ProxyHeader part;
    const ProxyFound earlier = ReadProxyHeader(input.substr(0, n), part);
    CHECK(earlier == ProxyFound::kNeedsMore || earlier == found);
  }
  CHECK(found != ProxyFound::kNeedsMore || input.size() < kMostProxyAddressBytes);
  if (found != ProxyFound::kHeader) return 0;
  CHECK(header.size_bytes > 0 && header.size_bytes <= 16 + 65535);
  if (!header.has_addresses) return 0;
  for (const ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    outrigger::base::Buffer out;
    AppendProxyHeader(version, header.source, header.destination, out);
    ProxyHeader again;
    CHECK(ReadProxyHeader(out.ToString(), again) == ProxyFound::kHeader);
    CHECK(again.source == header.source && again.destination == header.destination);
  }
  return 0;
}
