#pragma once

#include <cstdint>
#include <optional>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/upstream/tcp_connection.h"

namespace outrigger::tcp_proxy {

// What a session speaks with an endpoint over: a TCP connection, or a tunnel. One try; it tells by
// upstream::TcpEvents, and nothing after a failure, a close or Close(kNow).
// Owner: the session.  Thread: its worker.
// Lifetime: destroy it by DeleteLater; what is open is closed then.
class EndpointSide : public event::Deletable {
 public:
  // Once. A failure that is known at once, or nothing: an event follows.
  virtual std::optional<upstream::StartFailure> Connect(const upstream::TcpSource& source) = 0;
  virtual const upstream::EndpointRef& endpoint() const = 0;  // null: none was picked yet
  // For addresses; valid in OnUpstreamConnected.
  virtual net::Connection& connection() = 0;

  // From OnUpstreamConnected on. `last`: the client sends no more.
  virtual void Send(base::Buffer& piece, bool last) = 0;  // takes all of it
  virtual void PauseReading() = 0;                        // counted
  virtual void ResumeReading() = 0;
  // kFlush: OnUpstreamClosed follows, from the loop. Any time.
  virtual void Close(net::CloseMode mode) = 0;
  // Bytes that came from the endpoint, and that it took.
  virtual uint64_t bytes_moved() = 0;
};

}  // namespace outrigger::tcp_proxy
