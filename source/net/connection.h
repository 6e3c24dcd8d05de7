#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/net/socket.h"

namespace outrigger::net {

enum class CloseCause : uint8_t {
  kPeerReset,       // RST, or an error of the socket
  kPeerClosed,      // both directions ended in order
  kConnectFailed,   // refused, unreachable
  kConnectTimeout,
  kLocal,           // we called Close
};
std::string_view ToString(CloseCause cause);

// What a connection tells the one who speaks a protocol over it. Never called from inside a method
// of the connection, except OnOutputHigh (from FlushSoon's end of event) as said below.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // Once, when our connect succeeded; not for accepted connections.
  virtual void OnConnected() {}
  // Any number of times. `in` holds every byte that was read and not yet taken: take a prefix
  // and leave the rest, it is shown again together with what follows. `end`: the peer will send no
  // more (half-close); then it is called at least once, possibly with an empty buffer.
  virtual void OnData(base::Buffer& in, bool end) = 0;
  // The unsent output rose above the high watermark / fell below the low one. In turns.
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
  base::Milliseconds drain_timeout{1000};   // delayed_close_timeout, for kFlushDrain
};

// One stream socket with a peer, plain bytes.
// Owner: the one who speaks over it.  Thread: one worker.
// Lifetime: destroy it outside its callbacks, or by DeleteLater.
// Reading goes through the loop's shared block, so an idle connection holds no buffer; writing
// collects in output() and leaves with one writev at the end of the current event.
class Connection final : public event::Deletable, private event::FdHandler, private event::Deferred {
 public:
  // An accepted socket. Set up TCP_NODELAY before.
  Connection(event::Loop& loop, Socket socket, ConnectionEvents& events, ConnectionLimits limits);
  // Starts connecting; OnConnected or OnClosed follows, never from inside. A StartConnect error is
  // reported as kConnectFailed in the same way.
  Connection(event::Loop& loop, absl::StatusOr<Socket> connecting, base::Milliseconds timeout,
             ConnectionEvents& events, ConnectionLimits limits);
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
  bool is_output_high() const { return is_high_; }

  event::Loop& loop() { return loop_; }
  int fd() const { return socket_.fd(); }
  // Asked from the kernel on first use, then kept.
  const Address& local_address();
  const Address& peer_address();
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  enum class State : uint8_t { kConnecting, kOpen, kFlushing, kDraining, kClosed };

  void OnFdEvents(uint32_t events) override;
  void RunDeferred() override;
  void HandleConnected();
  void ReadUntilShort();
  void Deliver();
  void WriteOutput();
  void Fail(CloseCause cause);

  event::Loop& loop_;
  ConnectionEvents& events_;  // owner; outlives us
  Socket socket_;
  base::Buffer input_;
  base::Buffer output_;
  std::unique_ptr<event::Timer> timer_;  // connect or drain timeout; absent on a running connection
  std::unique_ptr<event::FdWatch> watch_;
  ConnectionLimits limits_;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  std::unique_ptr<std::pair<Address, Address>> addresses_;
  uint16_t pauses_ = 0;
  State state_;
  bool may_read_ = false;      // an edge came that we have not read to its end
  bool is_write_blocked_ = false;
  bool is_high_ = false;
  bool peer_ended_ = false;
  bool end_delivered_ = false;
  bool finish_output_ = false;
};

}  // namespace outrigger::net
