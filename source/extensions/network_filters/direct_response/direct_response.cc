#include "source/extensions/network_filters/direct_response/direct_response.h"

#include <memory>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/http/describe_client.h"
#include "source/net/connection.h"

namespace outrigger::direct_response {
namespace {

class DirectResponse final : public tcp::Session, private net::ConnectionEvents {
 public:
  DirectResponse(tcp::SessionWorker& worker, net::Accepted connection, tcp::SessionOwner& owner,
                 std::shared_ptr<const std::string> text)
      : owner_(owner),
        start_(worker.loop.Now()),
        arrival_(std::move(connection.arrival)),
        text_(std::move(text)),
        client_(worker.loop, std::move(connection), *this, {}) {
    client_.output().Append(base::Slice::Borrow(*text_));
    client_.Close(net::CloseMode::kFlushDrain);
  }

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
  void OnData(base::Buffer& in, bool) override { in.Clear(); }
  void OnClosed(net::CloseCause) override {
    if (!std::exchange(is_over_, true)) owner_.OnSessionEnd(*this);
  }

  tcp::SessionOwner& owner_;
  const base::MonoTime start_;
  const std::unique_ptr<net::Arrival> arrival_;    // null: nothing was found out
  const std::shared_ptr<const std::string> text_;  // outlives the output that borrows it
  net::Connection client_;
  bool is_over_ = false;
};

}  // namespace

absl::StatusOr<config::MadeNetworkFilter> Create(const Config& config, config::NetworkContext&) {
  constexpr size_t kMostBytes = 1024 * 1024;
  config::Findings findings;
  const config::Place place(findings);
  std::string text;
  if (config.has_response()) {
    text = config::ReadDataSource(config.response(), place.At("response"));
    if (text.size() > kMostBytes) {
      place.At("response")
          .Refuse(base::StrCat("must have at most 1048576 bytes, got ", text.size()));
    }
  }
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  config::MadeNetworkFilter made;
  made.session = [text = std::make_shared<const std::string>(std::move(text))](
                     tcp::SessionWorker& worker, net::Accepted connection,
                     const tcp::SessionLimits&, tcp::SessionOwner& owner) {
    return std::make_unique<DirectResponse>(worker, std::move(connection), owner, text);
  };
  return made;
}

}  // namespace outrigger::direct_response
