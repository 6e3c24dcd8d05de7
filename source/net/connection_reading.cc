#include <sys/socket.h>

#include <cerrno>

#include "source/base/check.h"
#include "source/net/connection.h"

namespace outrigger::net {

bool Connection::MayRead() const {
  if (!may_read_) return false;
  return state_ == State::kDraining || (state_ == State::kOpen && pauses_ == 0);
}

// One read, then a turn for the others: meanwhile the bytes are sent on while they are in the
// cache, and the next read finds the read block free again.
void Connection::ReadOn() {
  if (MayRead()) ReadOnce();
  if (MayRead()) loop_.TakeTurn(*this);
}

void Connection::ReadOnce() {
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

void Connection::HandleReadError(int error) {
  if (error == EINTR) return;
  may_read_ = false;
  if (error == EAGAIN || error == EWOULDBLOCK) {
    if (write_failed_) Finish(CloseCause::kPeerReset);
    return;
  }
  Finish(state_ == State::kDraining ? CloseCause::kLocal : CloseCause::kPeerReset);
}

void Connection::HandleInputEnd() {
  may_read_ = false;
  if (state_ == State::kDraining) return Finish(CloseCause::kLocal);
  if (write_failed_) return Finish(CloseCause::kPeerReset);
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
  if (HasUndelivered()) Deliver();
  ReadOn();
}

void Connection::PauseReading() { ++pauses_; }

void Connection::ResumeReading() {
  DCHECK(pauses_ > 0);
  if (--pauses_ == 0 && (may_read_ || HasUndelivered())) loop_.TakeTurn(*this);
}

}  // namespace outrigger::net
