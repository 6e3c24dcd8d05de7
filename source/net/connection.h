#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/net/accepted.h"
#include "source/net/address.h"
#include "source/net/socket.h"
#include "source/net/transport.h"

namespace outrigger::net {

enum class CloseCause : uint8_t {
  kPeerReset,        // RST, or an error of the socket
  kPeerClosed,       // both directions ended in order
  kConnectFailed,    // refused, unreachable
  kConnectTimeout,   // the transport's handshake included
  kHandshakeFailed,  // of the transport: TransportFailure()
  kLocal,            // we called Close
};
std::string_view ToString(CloseCause cause);

// What a connection tells the one who speaks a protocol over it. Always called from the loop, never
// from inside a method of the connection.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // Once, when our connect succeeded and, where there is a transport, its handshake. For accepted
  // connections only with a transport: nothing but OnClosed comes before it.
  virtual void OnConnected() {}
  // Any number of times. `in` holds every byte that was read and not yet taken: take a prefix
  // and leave the rest, it is shown again together with what follows. `end`: the peer will send no
  // more (half-close); then it is called at least once, possibly with an empty buffer.
  virtual void OnData(base::Buffer& in, bool end) = 0;
  // The unsent output rose above the high watermark / fell to half of it. In turns.
  virtual void OnOutputHigh() {}
  virtual void OnOutputLow() {}
  // Once, last; not after our own Close(kNow or kReset). The connection may be handed to
  // DeleteLater from inside.
  virtual void OnClosed(CloseCause cause) = 0;
};

enum class CloseMode : uint8_t {
  kNow,         // drop unsent output, close
  kReset,       // as kNow, with RST
  kFlush,       // send the output, then close both directions at once
  kFlushDrain,  // send the output, shut down our side, discard what the peer sends until it closes
                // or the drain timeout passes: the peer can read our last answer (RFC 9112 9.6)
};

struct ConnectionLimits {
  size_t output_high_bytes = 1024 * 1024;  // per_connection_buffer_limit_bytes
  // delayed_close_timeout: for kFlush and kFlushDrain, how long to wait for a peer that takes
  // nothing more, and for kFlushDrain then for its close; 0 does not wait for its close.
  base::Milliseconds drain_timeout{1000};
  // How long the handshake of a transport may take on a socket that stands already; 0: for ever.
  base::Milliseconds handshake_timeout{0};
};

// One stream socket with a peer, plain bytes or, with a transport, what lies in them.
// Owner: the one who speaks over it.  Thread: one worker.
// Lifetime: destroy it outside its callbacks, or by DeleteLater.
// Reading goes through the loop's shared block, so an idle connection holds no buffer; writing
// collects in output() and leaves with one writev at the end of the current event.
class Connection final : public event::Deletable,
                         private event::FdHandler,
                         private event::Deferred,
                         private event::Turn {
 public:
  // An accepted socket; Listen has set TCP_NODELAY. `peer` saves asking the kernel for it.
  Connection(event::Loop& loop, Socket socket, ConnectionEvents& events, ConnectionLimits limits,
             const Address* peer = nullptr);
  // A socket that we connected to `peer`; with a transport OnConnected or OnClosed follows.
  Connection(event::Loop& loop, Socket socket, std::unique_ptr<Transport> transport,
             ConnectionEvents& events, ConnectionLimits limits, const Address& peer);
  // An accepted socket, with what was found out and read already; that is shown by the first
  // OnData. With a transport whose handshake is done there is no OnConnected.
  Connection(event::Loop& loop, Accepted accepted, ConnectionEvents& events,
             ConnectionLimits limits);
  // Starts connecting; OnConnected or OnClosed follows, never from inside. A StartConnect error is
  // reported as kConnectFailed in the same way.
  Connection(event::Loop& loop, absl::StatusOr<Socket> connecting, base::Milliseconds timeout,
             ConnectionEvents& events, ConnectionLimits limits,
             std::unique_ptr<Transport> transport = nullptr);
  ~Connection() override;

  // Append here, then FlushSoon. Appending to a closed connection is harmless and lost.
  base::Buffer& output() { return output_; }
  void FlushSoon() { loop_.Defer(*this); }
  // Half-close once the output is sent; nothing may be appended after.
  void FinishOutput();

  // Counted: as many Resume as Pause until OnData is called again. Resuming shows held bytes
  // again from the loop, not from inside.
  void PauseReading();
  void ResumeReading();
  bool is_reading_paused() const { return pauses_ > 0; }

  void Close(CloseMode mode);
  bool is_open() const { return state_ == State::kOpen; }
  // Null: plain bytes. Stays after the end, for its failure().
  Transport* transport() const { return transport_.get(); }
  bool is_output_high() const { return is_high_; }

  event::Loop& loop() { return loop_; }
  // Asked from the kernel on first use, then kept.
  const Address& local_address();
  const Address& peer_address();
  // As they went over the socket.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  friend Accepted Release(Connection& connection);
  friend std::string_view TransportFailure(const Connection& connection);

  int fd() const { return socket_.fd(); }
  // kSecuring: the socket stands, the transport's handshake goes on.
  enum class State : uint8_t { kConnecting, kSecuring, kOpen, kFlushing, kDraining, kClosed };
  // What the peer sends: kRead when its end was read, kDelivered when OnData was told.
  enum class InputEnd : uint8_t { kNone, kRead, kDelivered };
  // What we send: kWanted until the output is out, kDone when our side is shut.
  enum class OutputEnd : uint8_t { kNone, kWanted, kDone };

  void OnFdEvents(uint32_t events) override;
  void RunDeferred() override;
  void RunTurn() override;

  void Watch(uint32_t events);
  void HandleConnect(uint32_t events);
  void Secure();
  void BecomeOpen();
  bool IsResetWithoutRest() const;
  bool MayRead() const;
  void ReadOn();
  void ReadOnce();
  // With a transport, where plain bytes are `size` of the read block from kHeadroom on.
  void ReadSealed();
  void TakeSealed(base::Block& block, size_t size);
  void TakeHeld();
  void HandleTransportFailure();
  // The socket failed or ended during the handshake.
  void FailHandshake(std::string_view why);  // static
  void HandleInputEnd();
  void HandleReadError(int error);
  bool HasUndelivered() const { return !input_.empty() || input_end_ == InputEnd::kRead; }
  void Deliver();

  void WriteOutput();
  base::Buffer& NextToWrite();
  bool HasUnsent() const {
    return !output_.empty() || (transport_ != nullptr && !transport_->wire().empty());
  }
  // A last word on the socket, if it takes it at once.
  void TrySendWire();
  bool MaySayEnd() const;
  void BlockWriting();
  void HandleWriteError();
  void UpdateWatermark();
  void FinishWhenSent();
  void StartDrain();

  void ArmTimer(base::Milliseconds after);
  void OnTimer();
  void Shut();
  void Finish(CloseCause cause);
  void FinishSoon(CloseCause cause);
  std::pair<Address, Address>& Addresses();

  event::Loop& loop_;
  ConnectionEvents& events_;  // owner; outlives us
  // Why connecting failed, for people; null: it did not.
  std::unique_ptr<const std::string> connect_failure_;
  base::Buffer input_;  // plain; during a handshake what was read before it, sealed
  base::Buffer output_;
  std::unique_ptr<Transport> transport_;
  std::optional<event::FdWatch> watch_;
  std::unique_ptr<event::Timer> timer_;  // connect, flush or drain; absent on a running connection
  std::unique_ptr<std::pair<Address, Address>> addresses_;  // local, peer
  ConnectionLimits limits_;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  Socket socket_;
  uint16_t pauses_ = 0;
  State state_;
  CloseMode close_mode_ = CloseMode::kNow;  // what kFlushing leads to
  CloseCause soon_cause_ = CloseCause::kLocal;
  CloseCause end_cause_ = CloseCause::kLocal;  // what kFlushing and kDraining end with
  bool finishes_soon_ = false;                 // OnClosed(soon_cause_) is deferred
  InputEnd input_end_ = InputEnd::kNone;
  OutputEnd output_end_ = OutputEnd::kNone;
  bool is_accepted_ = false;
  bool has_started_transport_ = false;
  bool has_said_end_ = false;   // the transport's end is in wire()
  bool may_read_ = false;       // an edge came that we have not read to its end
  bool saw_hangup_ = false;     // a short read may be the last edge: read on to the end
  bool is_delivering_ = false;  // OnData looks at input_
  bool is_write_blocked_ = false;
  bool watches_writing_;
  bool write_failed_ = false;  // what the peer sent before it closed is still to be read
  bool is_high_ = false;
};

// What goes out before everything else, in plain also where a transport follows: a PROXY header.
// Right after the connection was made.
void SendFirst(Connection& connection, base::Buffer first);

// From OnConnected of an accepted connection only: takes its socket, with its transport and what
// was read and not shown, for a connection of another owner. No event follows.
Accepted Release(Connection& connection);

// Why connecting or its transport failed, or the socket under that during the handshake; also in
// OnClosed. Empty: none of it.
std::string_view TransportFailure(const Connection& connection);

}  // namespace outrigger::net
