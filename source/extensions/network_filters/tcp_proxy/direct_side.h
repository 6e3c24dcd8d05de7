#pragma once

#include <utility>

#include "source/extensions/network_filters/tcp_proxy/endpoint_side.h"

namespace outrigger::tcp_proxy {

// The endpoint gets the bytes over a TCP connection of their own.
class DirectSide final : public EndpointSide {
 public:
  DirectSide(event::Loop& loop, upstream::WorkerClusterRef cluster, upstream::TcpEvents& events)
      : tcp_(loop, std::move(cluster), events) {}

  std::optional<upstream::StartFailure> Connect(const upstream::TcpSource& source) override {
    return tcp_.Connect(source);
  }
  const upstream::EndpointRef& endpoint() const override { return tcp_.endpoint(); }
  net::Connection& connection() override { return *tcp_.connection(); }
  void Send(base::Buffer& piece, bool last) override {
    if (!piece.empty()) {
      connection().output().Append(std::move(piece));
      connection().FlushSoon();
    }
    if (last) connection().FinishOutput();
  }
  void PauseReading() override { connection().PauseReading(); }
  void ResumeReading() override { connection().ResumeReading(); }
  void Close(net::CloseMode mode) override {
    if (tcp_.connection() != nullptr) tcp_.connection()->Close(mode);
  }
  uint64_t bytes_moved() override {
    const net::Connection* tcp = tcp_.connection();
    return tcp == nullptr ? 0 : tcp->bytes_read() + tcp->bytes_written();
  }

 private:
  upstream::TcpConnection tcp_;
};

}  // namespace outrigger::tcp_proxy
