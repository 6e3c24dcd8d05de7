#include "source/extensions/network_filters/echo/echo.h"

#include <memory>
#include <utility>

#include "source/http/describe_client.h"
#include "source/net/connection.h"

namespace outrigger::echo {
namespace {

// A client that does not read is not read: its output is the only buffer.
class EchoSession final : public tcp::Session, private net::ConnectionEvents {
 public:
  EchoSession(tcp::SessionWorker& worker, net::Accepted connection,
              const tcp::SessionLimits& limits, tcp::SessionOwner& owner)
      : owner_(owner),
        start_(worker.loop.Now()),
        arrival_(std::move(connection.arrival)),
        client_(worker.loop, std::move(connection), *this,
                {.output_high_bytes = limits.buffer_bytes}) {}

  void Close() override {
    if (std::exchange(is_over_, true)) return;
    client_.Close(net::CloseMode::kNow);
    owner_.OnSessionEnd(*this);
  }

  void Describe(http::StreamSummary& summary) override {
    http::DescribeClient(client_, arrival_.get(), summary);
    summary.downstream_failure_reason = net::TransportFailure(client_);
    summary.start = start_;
    summary.request_body_bytes = client_.bytes_read();
    summary.response_body_bytes = client_.bytes_written();
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
  const base::MonoTime start_;
  const std::unique_ptr<net::Arrival> arrival_;  // null: nothing was found out
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
