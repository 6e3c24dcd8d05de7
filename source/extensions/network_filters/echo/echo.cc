#include "source/extensions/network_filters/echo/echo.h"

#include <memory>
#include <utility>

#include "source/net/connection.h"

namespace outrigger::echo {
namespace {

// A client that does not read is not read: its output is the only buffer.
class EchoSession final : public tcp::Session, private net::ConnectionEvents {
 public:
  EchoSession(tcp::SessionWorker& worker, net::Accepted connection,
              const tcp::SessionLimits& limits, tcp::SessionOwner& owner)
      : owner_(owner),
        client_(worker.loop, std::move(connection), *this,
                {.output_high_bytes = limits.buffer_bytes}) {}

  void Close() override {
    if (std::exchange(is_over_, true)) return;
    client_.Close(net::CloseMode::kNow);
    owner_.OnSessionEnd(*this);
  }

 private:
  void OnData(base::Buffer& in, bool end) override {
    if (!in.empty()) {
      client_.output().Append(std::move(in));
      client_.FlushSoon();
    }
    if (end) client_.FinishOutput();
  }
  void OnOutputHigh() override { client_.PauseReading(); }
  void OnOutputLow() override { client_.ResumeReading(); }
  void OnClosed(net::CloseCause) override {
    if (!std::exchange(is_over_, true)) owner_.OnSessionEnd(*this);
  }

  tcp::SessionOwner& owner_;
  net::Connection client_;
  bool is_over_ = false;
};

}  // namespace

absl::StatusOr<config::MadeNetworkFilter> Create(const Config&, config::NetworkContext&) {
  config::MadeNetworkFilter made;
  made.session = [](tcp::SessionWorker& worker, net::Accepted connection,
                    const tcp::SessionLimits& limits, tcp::SessionOwner& owner) {
    return std::make_unique<EchoSession>(worker, std::move(connection), limits, owner);
  };
  return made;
}

}  // namespace outrigger::echo
