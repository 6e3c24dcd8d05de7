// What an HTTP/2 server may send to a gRPC stream of ours, from its first byte on.
#include <signal.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "source/base/check.h"
#include "source/client/grpc_stream.h"
#include "test/client/raw_server.h"

namespace outrigger::client {
namespace {

class Listening final : public GrpcStreamEvents {
 public:
  void OnStreamOpen() override { is_open = true; }
  void OnMessage(std::string message) override { CHECK(message.size() <= 4096); }
  void OnStreamClosed(std::string_view) override { is_closed = true; }
  bool is_open = false;
  bool is_closed = false;
};

void Run(std::string_view input) {
  base::ManualClock clock;
  event::Loop loop(clock);
  test::RawServer server;
  Listening listening;
  GrpcStreamOptions options;
  options.path = "/a.B/C";
  options.authority = "a";
  options.max_message_bytes = 4096;
  GrpcStream stream(loop, options, {{server.address()}}, 0, listening);
  while (!server.Accept()) loop.RunOnce();
  while (!listening.is_open) loop.RunOnce();
  loop.RunOnce();
  // In pieces of a length that the first byte chooses.
  const size_t piece = input.empty() ? 1 : 1 + static_cast<uint8_t>(input.front());
  while (!input.empty() && !listening.is_closed) {
    const size_t sent = server.Send(input.substr(0, piece));
    input.remove_prefix(sent);
    loop.RunOnce();
    server.received();
  }
  server.Close();
  for (int i = 0; i < 100 && !listening.is_closed; ++i) loop.RunOnce(base::Milliseconds(1));
  CHECK(listening.is_closed);
}

}  // namespace
}  // namespace outrigger::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::client::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
