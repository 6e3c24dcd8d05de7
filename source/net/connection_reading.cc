#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "source/base/check.h"
#include "source/net/connection.h"

namespace outrigger::net {

bool Connection::MayRead() const {
  if (!may_read_) return false;
  // What was read before the handshake comes first.
  if (state_ == State::kSecuring) return input_.empty();
  return state_ == State::kDraining || (state_ == State::kOpen && pauses_ == 0);
}

// One read, then a turn for the others: meanwhile the bytes are sent on while they are in the
// cache, and the next read finds the read block free again.
void Connection::ReadOn() {
  if (MayRead()) ReadOnce();
  if (MayRead()) loop_.TakeTurn(*this);
}

void Connection::ReadOnce() {
  if (transport_ != nullptr) return ReadSealed();
  base::Block& block = loop_.ReadBlock();
  const ssize_t got = recv(fd(), block.begin(), base::Block::kReadBytes, 0);
  if (got < 0) return HandleReadError(errno);
  if (got == 0) return HandleInputEnd();
  const size_t size = static_cast<size_t>(got);
  bytes_read_ += size;
  // Less than asked for: there is no more until the next edge (epoll(7)), if one is to come.
  may_read_ = size == base::Block::kReadBytes || saw_hangup_;
  if (state_ == State::kDraining) return;
  input_.Append(base::Slice(&block, block.begin(), size));
  Deliver();
}

// --- with a transport --------------------------------------------------------------------------

void Connection::ReadSealed() {
  if (state_ == State::kSecuring && !loop_.handshakes.Take()) return;
  constexpr size_t kRoom = base::Block::kReadBytes - Transport::kHeadroom;
  base::Block& block = loop_.ReadBlock();
  const ssize_t got = recv(fd(), block.begin() + Transport::kHeadroom, kRoom, 0);
  if (got < 0) return HandleReadError(errno);
  if (got == 0) return HandleInputEnd();
  const size_t size = static_cast<size_t>(got);
  bytes_read_ += size;
  may_read_ = size == kRoom || saw_hangup_;
  if (state_ != State::kDraining) TakeSealed(block, size);
}

void Connection::TakeSealed(base::Block& block, size_t size) {
  const Transport::State state = transport_->Receive(block, size, input_);
  if (!transport_->wire().empty()) FlushSoon();
  if (state == Transport::State::kFailed) return HandleTransportFailure();
  if (state_ == State::kSecuring) {
    if (state == Transport::State::kHandshaking) return;
    BecomeOpen();
    if (state_ != State::kOpen) return;
  }
  if (state == Transport::State::kEnded && input_end_ == InputEnd::kNone) {
    input_end_ = InputEnd::kRead;
    may_read_ = false;
  }
  if (HasUndelivered()) Deliver();
}

// What listener filters read before the handshake.
void Connection::TakeHeld() {
  base::Buffer held = std::move(input_);
  while (!held.empty() && (state_ == State::kSecuring || state_ == State::kOpen)) {
    base::Block& block = loop_.ReadBlock();
    size_t size = 0;
    while (!held.empty() && size < base::Block::kReadBytes - Transport::kHeadroom) {
      const std::string_view front =
          held.Front().substr(0, base::Block::kReadBytes - Transport::kHeadroom - size);
      std::memcpy(block.begin() + Transport::kHeadroom + size, front.data(), front.size());
      size += front.size();
      held.RemovePrefix(front.size());
    }
    TakeSealed(block, size);
  }
}

// What arrived whole before it is shown; then the end. A client that fails the handshake is told
// why, and gets the time to read it.
void Connection::HandleTransportFailure() {
  if (state_ == State::kSecuring && is_accepted_) {
    state_ = State::kFlushing;
    close_mode_ = CloseMode::kFlushDrain;
    end_cause_ = CloseCause::kHandshakeFailed;
    return FlushSoon();
  }
  const bool is_handshake = state_ == State::kSecuring;
  if (!input_.empty()) Deliver();
  if (state_ == State::kClosed) return;
  TrySendWire();
  Finish(is_handshake ? CloseCause::kHandshakeFailed : CloseCause::kPeerReset);
}

void Connection::FailHandshake(std::string_view why) {
  transport_->NoteSocketEnd(why);
  Finish(CloseCause::kHandshakeFailed);
}

void Connection::TrySendWire() {
  base::Buffer& wire = transport_->wire();
  if (wire.empty() || write_failed_ || is_write_blocked_) return;
  const std::string_view bytes = wire.Linearize(wire.size());
  // If the socket does not take it, the peer learns nothing: the connection ends either way.
  [[maybe_unused]] const ssize_t sent =
      send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// --- the end of the input ----------------------------------------------------------------------

void Connection::HandleReadError(int error) {
  if (error == EINTR) return;
  may_read_ = false;
  if (error == EAGAIN || error == EWOULDBLOCK) {
    if (write_failed_) Finish(CloseCause::kPeerReset);
    return;
  }
  if (state_ == State::kSecuring) {
    return FailHandshake("the peer reset the connection during the handshake");
  }
  Finish(state_ == State::kDraining ? end_cause_ : CloseCause::kPeerReset);
}

void Connection::HandleInputEnd() {
  may_read_ = false;
  if (state_ == State::kDraining) return Finish(end_cause_);
  if (state_ == State::kSecuring) {
    return FailHandshake("the peer closed the connection during the handshake");
  }
  if (write_failed_) return Finish(CloseCause::kPeerReset);
  if (transport_ != nullptr) transport_->NoteSocketEnd("the peer closed the connection");
  input_end_ = InputEnd::kRead;
  Deliver();
}

void Connection::Deliver() {
  if (state_ != State::kOpen || pauses_ > 0) return;
  const bool end = input_end_ != InputEnd::kNone;
  if (end) input_end_ = InputEnd::kDelivered;
  is_delivering_ = true;
  events_.OnData(input_, end);
  is_delivering_ = false;
  if (state_ != State::kOpen) return input_.Clear();
  // What stays may stay for long.
  if (!input_.empty()) input_.Unpin();
  // Our side may have ended before: then both have.
  if (end && output_end_ == OutputEnd::kDone) FlushSoon();
}

void Connection::RunTurn() {
  if (state_ == State::kSecuring && !input_.empty()) {
    if (!loop_.handshakes.Take()) return loop_.TakeTurn(*this);
    TakeHeld();
  } else if (HasUndelivered()) {
    Deliver();
  }
  ReadOn();
}

void Connection::PauseReading() { ++pauses_; }

void Connection::ResumeReading() {
  DCHECK(pauses_ > 0);
  if (--pauses_ == 0 && (may_read_ || HasUndelivered())) loop_.TakeTurn(*this);
}

}  // namespace outrigger::net
