#include "source/net/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::net {

// One for each client that is kept alive, with next to nothing beside it.
static_assert(sizeof(Connection) <= 440);

std::string_view ToString(CloseCause cause) {
  switch (cause) {
    case CloseCause::kPeerReset:
      return "peer_reset";
    case CloseCause::kPeerClosed:
      return "peer_closed";
    case CloseCause::kConnectFailed:
      return "connect_failed";
    case CloseCause::kConnectTimeout:
      return "connect_timeout";
    case CloseCause::kHandshakeFailed:
      return "handshake_failed";
    case CloseCause::kLocal:
      return "local";
  }
  return "unknown";
}

Connection::Connection(event::Loop& loop, Socket socket, ConnectionEvents& events,
                       ConnectionLimits limits, const Address* peer)
    : loop_(loop),
      events_(events),
      limits_(limits),
      socket_(std::move(socket)),
      state_(State::kOpen),
      watches_writing_(false) {
  if (peer != nullptr) {
    addresses_ = std::make_unique<std::pair<Address, Address>>(Address(), *peer);
  }
  // A new socket is writable: to watch for that from the start would only wake us up for nothing.
  Watch(event::FdWatch::kRead);
}

Connection::Connection(event::Loop& loop, Socket socket, std::unique_ptr<Transport> transport,
                       ConnectionEvents& events, ConnectionLimits limits, const Address& peer)
    : Connection(loop, std::move(socket), events, limits, &peer) {
  transport_ = std::move(transport);
  if (transport_ != nullptr) Secure();
}

Connection::Connection(event::Loop& loop, Accepted accepted, ConnectionEvents& events,
                       ConnectionLimits limits)
    : loop_(loop),
      events_(events),
      transport_(std::move(accepted.transport)),
      limits_(limits),
      socket_(std::move(accepted.socket)),
      state_(State::kOpen),
      is_accepted_(true),
      watches_writing_(false) {
  addresses_ = std::make_unique<std::pair<Address, Address>>(std::move(accepted.local),
                                                             std::move(accepted.peer));
  Watch(event::FdWatch::kRead);
  bytes_read_ = accepted.read.size();
  input_ = std::move(accepted.read);
  if (transport_ != nullptr) {
    const Transport::State at = transport_->state();
    if (at == Transport::State::kHandshaking) {
      Secure();
    } else {
      has_started_transport_ = true;
      if (at == Transport::State::kEnded) input_end_ = InputEnd::kRead;
      if (!transport_->wire().empty()) FlushSoon();
    }
  }
  if (HasUndelivered()) loop_.TakeTurn(*this);
}

Connection::Connection(event::Loop& loop, absl::StatusOr<Socket> connecting,
                       base::Milliseconds timeout, ConnectionEvents& events,
                       ConnectionLimits limits, std::unique_ptr<Transport> transport)
    : loop_(loop),
      events_(events),
      transport_(std::move(transport)),
      limits_(limits),
      state_(State::kConnecting),
      watches_writing_(true) {
  if (!connecting.ok()) {
    connect_failure_ = std::make_unique<const std::string>(connecting.status().message());
    FinishSoon(CloseCause::kConnectFailed);
    return;
  }
  socket_ = *std::move(connecting);
  Watch(event::FdWatch::kReadWrite);
  if (timeout.count() > 0) ArmTimer(timeout);
}

Connection::~Connection() { Shut(); }

void Connection::Watch(uint32_t events) {
  watch_.emplace(loop_, socket_.fd(), static_cast<event::FdHandler&>(*this), events);
}

void Connection::OnFdEvents(uint32_t events) {
  if (state_ == State::kConnecting) HandleConnect(events);
  if (state_ == State::kConnecting || state_ == State::kClosed) return;
  if ((events & EPOLLOUT) != 0 && is_write_blocked_) {
    is_write_blocked_ = false;
    WriteOutput();
  }
  constexpr uint32_t kHangup = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kHangup)) == 0) return;
  if ((events & EPOLLERR) != 0 && IsResetWithoutRest()) return Finish(CloseCause::kPeerReset);
  if (input_end_ != InputEnd::kNone) return;
  may_read_ = true;
  if ((events & kHangup) != 0) saw_hangup_ = true;
  ReadOn();
}

// After an error: nothing is left to be shown, so there is no need to wait for a read to fail,
// which never happens while reading is paused or the peer's end was read.
bool Connection::IsResetWithoutRest() const {
  if (HasUndelivered() || state_ != State::kOpen) return false;
  if (input_end_ == InputEnd::kDelivered) return true;
  int unread = 0;
  return pauses_ > 0 && ioctl(fd(), FIONREAD, &unread) == 0 && unread == 0;
}

void Connection::HandleConnect(uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    // Envoy's words, by which people look for it.
    connect_failure_ = std::make_unique<const std::string>(
        base::StrCat("delayed connect error: ", std::generic_category().message(error)));
    return Finish(CloseCause::kConnectFailed);
  }
  if ((events & EPOLLOUT) == 0) return;
  if (transport_ != nullptr) return Secure();
  BecomeOpen();
}

// The socket stands: the handshake begins at the end of the event, behind what SendFirst gave.
void Connection::Secure() {
  const bool has_timer = state_ == State::kConnecting;
  state_ = State::kSecuring;
  if (!has_timer && limits_.handshake_timeout.count() > 0) ArmTimer(limits_.handshake_timeout);
  FlushSoon();
}

void Connection::BecomeOpen() {
  state_ = State::kOpen;
  timer_.reset();
  if (!output_.empty() || output_end_ == OutputEnd::kWanted) FlushSoon();
  events_.OnConnected();
}

void SendFirst(Connection& connection, base::Buffer first) {
  Transport* const transport = connection.transport();
  (transport != nullptr ? transport->wire() : connection.output()).Append(std::move(first));
  connection.FlushSoon();
}

std::string_view TransportFailure(const Connection& connection) {
  const Transport* const transport = connection.transport();
  if (transport != nullptr && !transport->failure().empty()) return transport->failure();
  const auto& failure = connection.connect_failure_;
  return failure != nullptr ? std::string_view(*failure) : std::string_view();
}

Accepted Release(Connection& connection) {
  DCHECK(connection.is_open() && connection.is_accepted_);
  Accepted released;
  if (connection.addresses_ != nullptr) {
    released.local = std::move(connection.addresses_->first);
    released.peer = std::move(connection.addresses_->second);
  }
  released.read = std::move(connection.input_);
  released.transport = std::move(connection.transport_);
  connection.watch_.reset();
  released.socket = std::move(connection.socket_);
  connection.Shut();
  return released;
}

void Connection::RunDeferred() {
  if (finishes_soon_) {
    finishes_soon_ = false;
    events_.OnClosed(soon_cause_);
    return;
  }
  if (state_ == State::kOpen || state_ == State::kFlushing || state_ == State::kSecuring) {
    if (state_ == State::kSecuring && !std::exchange(has_started_transport_, true)) {
      transport_->Start();
    }
    WriteOutput();
  } else if (state_ != State::kConnecting) {
    output_.Clear();
  }
}

void Connection::FinishOutput() {
  if (output_end_ != OutputEnd::kNone) return;
  output_end_ = OutputEnd::kWanted;
  FlushSoon();
}

bool Connection::MaySayEnd() const {
  if (transport_ == nullptr || has_said_end_) return false;
  const Transport::State state = transport_->state();
  return state == Transport::State::kOpen || state == Transport::State::kEnded;
}

// Plain output, or what the transport made of it. Sealed in portions, so that an end and an answer
// leave together, and no more is sealed than the socket is about to take.
base::Buffer& Connection::NextToWrite() {
  if (transport_ == nullptr) return output_;
  constexpr size_t kSealBelow = 16 * 1024;
  base::Buffer& wire = transport_->wire();
  if (state_ == State::kSecuring || wire.size() >= kSealBelow || !MaySayEnd()) return wire;
  if (!output_.empty()) transport_->Seal(output_);
  const bool wants_end = state_ == State::kFlushing || output_end_ == OutputEnd::kWanted;
  if (output_.empty() && wants_end && MaySayEnd()) {
    has_said_end_ = true;
    transport_->Finish();
  }
  return wire;
}

void Connection::WriteOutput() {
  if (write_failed_) return output_.Clear();
  while (!is_write_blocked_) {
    base::Buffer& next = NextToWrite();
    if (next.empty()) break;
    iovec parts[64];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = next.FillIovec(absl::MakeSpan(parts));
    size_t offered = 0;
    for (size_t i = 0; i < message.msg_iovlen; ++i) offered += parts[i].iov_len;
    const ssize_t sent = message.msg_iovlen == 1
                             ? send(fd(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                             : sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return HandleWriteError();
      BlockWriting();
      break;
    }
    bytes_written_ += static_cast<uint64_t>(sent);
    next.RemovePrefix(static_cast<size_t>(sent));
    // A short count means "would block" (epoll(7)); the edge comes when there is room.
    if (static_cast<size_t>(sent) < offered) BlockWriting();
  }
  if (state_ == State::kFlushing && HasUnsent()) {
    // From the last progress: a slow peer gets all, one that takes nothing does not hold us.
    ArmTimer(limits_.drain_timeout.count() > 0 ? limits_.drain_timeout
                                               : ConnectionLimits().drain_timeout);
  }
  UpdateWatermark();
  FinishWhenSent();
}

void Connection::BlockWriting() {
  is_write_blocked_ = true;
  if (!watches_writing_) {
    watches_writing_ = true;
    watch_->Change(event::FdWatch::kReadWrite);
  }
  // It may stay for long now.
  output_.Unpin();
}

// The peer takes no more, but it may have answered before: that is shown before the end is.
void Connection::HandleWriteError() {
  write_failed_ = true;
  output_.Clear();
  if (transport_ != nullptr) transport_->wire().Clear();
  if (state_ == State::kSecuring) {
    return FailHandshake("the peer closed the connection during the handshake");
  }
  if (state_ != State::kOpen || pauses_ > 0) return Finish(CloseCause::kPeerReset);
  may_read_ = saw_hangup_ = true;
  loop_.TakeTurn(*this);
  UpdateWatermark();
}

void Connection::UpdateWatermark() {
  if (state_ != State::kOpen) return;
  if (!is_high_ && output_.size() > limits_.output_high_bytes) {
    is_high_ = true;
    events_.OnOutputHigh();
  } else if (is_high_ && output_.size() <= limits_.output_high_bytes / 2) {
    is_high_ = false;
    events_.OnOutputLow();
  }
}

// What was to happen when all output is sent.
void Connection::FinishWhenSent() {
  if (HasUnsent() || write_failed_) return;
  if (state_ == State::kFlushing) {
    const bool drains = close_mode_ == CloseMode::kFlushDrain && input_end_ == InputEnd::kNone &&
                        limits_.drain_timeout.count() > 0;
    return drains ? StartDrain() : Finish(end_cause_);
  }
  if (state_ != State::kOpen || output_end_ == OutputEnd::kNone) return;
  const bool input_is_done = input_end_ == InputEnd::kDelivered && (input_.empty() || pauses_ == 0);
  if (input_is_done) return Finish(CloseCause::kPeerClosed);
  if (output_end_ == OutputEnd::kWanted) shutdown(fd(), SHUT_WR);
  output_end_ = OutputEnd::kDone;
}

void Connection::StartDrain() {
  state_ = State::kDraining;
  shutdown(fd(), SHUT_WR);
  ArmTimer(limits_.drain_timeout);
  if (may_read_) loop_.TakeTurn(*this);
}

void Connection::Close(CloseMode mode) {
  if (mode == CloseMode::kNow || mode == CloseMode::kReset) {
    if (mode == CloseMode::kReset && socket_) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    } else if (state_ == State::kOpen && !write_failed_ && !HasUnsent() && MaySayEnd()) {
      // Nothing is cut off, and the peer may know it.
      transport_->Finish();
      TrySendWire();
    }
    return Shut();
  }
  const bool is_connecting = state_ == State::kConnecting || state_ == State::kSecuring;
  if (is_connecting && !finishes_soon_) return FinishSoon(CloseCause::kLocal);
  if (state_ != State::kOpen) return;
  if (write_failed_) return FinishSoon(CloseCause::kPeerReset);
  state_ = State::kFlushing;
  close_mode_ = mode;
  if (!is_delivering_) input_.Clear();
  FlushSoon();
}

// From here on nothing reaches the owner.
void Connection::Shut() {
  state_ = State::kClosed;
  finishes_soon_ = false;
  Deferred::Unlink();
  Turn::Unlink();
  if (timer_ != nullptr) timer_->Cancel();
  if (watch_) {
    watch_->CloseFollows();
    watch_.reset();
  }
  socket_ = Socket();
  output_.Clear();
  // Whoever closes us from inside OnData may still look at it.
  if (!is_delivering_) input_.Clear();
}

void Connection::Finish(CloseCause cause) {
  Shut();
  events_.OnClosed(cause);
}

void Connection::FinishSoon(CloseCause cause) {
  Shut();
  finishes_soon_ = true;
  soon_cause_ = cause;
  loop_.Defer(*this);
}

void Connection::ArmTimer(base::Milliseconds after) {
  if (timer_ == nullptr) {
    timer_ = std::make_unique<event::Timer>(loop_, [this] { OnTimer(); });
  }
  timer_->Arm(after);
}

void Connection::OnTimer() {
  if (state_ == State::kConnecting) return Finish(CloseCause::kConnectTimeout);
  if (state_ != State::kSecuring) return Finish(end_cause_);
  transport_->NoteSocketEnd("the handshake was not done in time");
  Finish(CloseCause::kConnectTimeout);
}

std::pair<Address, Address>& Connection::Addresses() {
  if (addresses_ == nullptr) addresses_ = std::make_unique<std::pair<Address, Address>>();
  return *addresses_;
}

const Address& Connection::local_address() {
  Address& local = Addresses().first;
  if (local.family() == AF_UNSPEC) local = LocalAddress(fd());
  return local;
}

const Address& Connection::peer_address() {
  Address& peer = Addresses().second;
  if (peer.family() == AF_UNSPEC) peer = PeerAddress(fd());
  return peer;
}

}  // namespace outrigger::net
