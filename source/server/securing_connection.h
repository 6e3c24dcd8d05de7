#pragma once

#include <memory>

#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/http/stream_summary.h"
#include "source/net/accepted.h"
#include "source/net/connection.h"

namespace outrigger::server {

class SecuringConnection;

class SecuringOwner {
 public:
  virtual ~SecuringOwner() = default;
  // One of the two, once, from the loop; hand the object to DeleteLater.
  // The handshake is done: the connection may be taken out.
  virtual void OnSecured(SecuringConnection& securing) = 0;
  // It failed, or was not done in time; the client was told where there was somebody to tell.
  virtual void OnHandshakeFailed(SecuringConnection& securing, bool has_timed_out) = 0;
};

// A client's connection while the handshake of its transport goes on. Whatever serves it is made
// after that: clients that never finish cost no codec, and who serves knows what was agreed on.
// Owner: the WorkerChain.  Thread: its worker.
// Limits: the handshake's timeout; the transport holds one message that is not complete.
class SecuringConnection final : public event::Deletable,
                                 public base::ListLink<>,
                                 private net::ConnectionEvents {
 public:
  // `accepted` has a transport. `timeout` 0: none.
  SecuringConnection(event::Loop& loop, net::Accepted accepted, base::Milliseconds timeout,
                     SecuringOwner& owner);

  // In OnSecured.
  net::Accepted Take();
  // Nothing is heard of it any more.
  void Close() { connection_.Close(net::CloseMode::kNow); }
  // In OnHandshakeFailed, for the listener's log.
  void Describe(http::StreamSummary& summary);

 private:
  void OnConnected() override { owner_.OnSecured(*this); }
  void OnData(base::Buffer&, bool) override {}  // not before OnConnected
  void OnClosed(net::CloseCause cause) override;

  SecuringOwner& owner_;
  std::unique_ptr<net::Arrival> arrival_;
  net::Connection connection_;
  const base::MonoTime start_;
};

}  // namespace outrigger::server
