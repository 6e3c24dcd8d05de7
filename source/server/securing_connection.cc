#include "source/server/securing_connection.h"

#include <utility>

#include "source/http/describe_client.h"

namespace outrigger::server {

SecuringConnection::SecuringConnection(event::Loop& loop, net::Accepted accepted,
                                       base::Milliseconds timeout, SecuringOwner& owner)
    : owner_(owner),
      arrival_(std::move(accepted.arrival)),
      connection_(loop, std::move(accepted), *this, {.handshake_timeout = timeout}),
      start_(loop.Now()) {}

net::Accepted SecuringConnection::Take() {
  net::Accepted accepted = net::Release(connection_);
  accepted.arrival = std::move(arrival_);
  return accepted;
}

void SecuringConnection::Describe(http::StreamSummary& summary) {
  http::DescribeClient(connection_, arrival_.get(), summary);
  summary.downstream_transport = nullptr;  // nothing was agreed on
  summary.downstream_failure_reason = net::TransportFailure(connection_);
  summary.start = start_;
  summary.request_body_bytes = connection_.bytes_read();
  summary.response_body_bytes = connection_.bytes_written();
}

void SecuringConnection::OnClosed(net::CloseCause cause) {
  owner_.OnHandshakeFailed(*this, /*has_timed_out=*/cause == net::CloseCause::kConnectTimeout);
}

}  // namespace outrigger::server
