// The first bytes of a connection, to all that look at them: in one piece and in pieces of the size
// that the first byte says, which must not make a difference.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "source/tcp/client_hello.h"
#include "source/tcp/http_sniffer.h"

namespace outrigger::tcp {
namespace {

struct Outcome {
  ClientHelloReader::Result result;
  std::string name;
  std::vector<std::string> protocols;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

constexpr size_t kMostBytes = 1024;

Outcome ReadHello(std::string_view bytes, size_t piece) {
  ClientHelloReader reader(kMostBytes);
  auto result = ClientHelloReader::Result::kNeedsMore;
  while (!bytes.empty() && result == ClientHelloReader::Result::kNeedsMore) {
    result = reader.Push(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return {result, reader.server_name(), reader.application_protocols()};
}

HttpSniffer::Result Sniff(std::string_view bytes, size_t piece) {
  HttpSniffer sniffer;
  auto result = HttpSniffer::Result::kNeedsMore;
  while (!bytes.empty() && result == HttpSniffer::Result::kNeedsMore) {
    result = sniffer.Push(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return result;
}

}  // namespace
}  // namespace outrigger::tcp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::tcp;
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = data[0] % 16 + 1u;
  const Outcome whole = ReadHello(input, SIZE_MAX);
  CHECK(whole == ReadHello(input, piece));
  CHECK(whole.protocols.size() <= ClientHelloReader::kMostProtocols);
  CHECK(whole.name.find('\0') == std::string::npos);
  CHECK(Sniff(input, SIZE_MAX) == Sniff(input, piece));
  return 0;
}
