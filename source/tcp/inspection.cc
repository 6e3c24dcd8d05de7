#include "source/tcp/inspection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace outrigger::tcp {

InspectedConnection::InspectedConnection(event::Loop& loop, net::Accepted connection,
                                         ListenerFilters filters, bool may_hand_over,
                                         InspectionOwner& owner)
    : loop_(loop),
      connection_(std::move(connection)),
      filters_(std::move(filters)),
      may_hand_over_(may_hand_over),
      start_(loop.Now()),
      owner_(owner),
      timer_(loop, [this] { Finish(InspectionEnd::kTimeout); }) {}

std::optional<InspectionEnd> InspectedConnection::Start(base::Milliseconds timeout) {
  std::optional<InspectionEnd> end = AskFilters(0);
  // The client's first bytes often come with the connection: then the loop need not watch it.
  if (!end) end = ReadOn();
  if (end) return end;
  watch_.emplace(loop_, connection_.socket.fd(), static_cast<event::FdHandler&>(*this),
                 event::FdWatch::kRead);
  if (timeout.count() > 0) timer_.Arm(timeout);
  return std::nullopt;
}

void InspectedConnection::OnFdEvents(uint32_t /*events*/) {
  if (const auto end = ReadOn()) Finish(*end);
}

std::optional<InspectionEnd> InspectedConnection::ReadOn() {
  while (true) {
    base::Block& block = loop_.ReadBlock();
    const ssize_t got = recv(connection_.socket.fd(), block.begin(), base::Block::kReadBytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (got <= 0) return InspectionEnd::kLeft;
    const size_t fresh_at = connection_.read.size();
    connection_.read.Append(base::Slice(&block, block.begin(), static_cast<size_t>(got)));
    if (const auto end = AskFilters(fresh_at)) return end;
    if (connection_.read.size() > kMostHeldBytes) return InspectionEnd::kRefused;
    connection_.read.Unpin();
  }
}

std::optional<InspectionEnd> InspectedConnection::AskFilters(size_t fresh_at) {
  for (; at_ < filters_->size(); ++at_) {
    const ListenerFilterEntry& entry = (*filters_)[at_];
    if (filter_ == nullptr && entry.is_disabled) {
      const net::Address& local = connection_.Local();
      if (entry.is_disabled(local.is_ip() ? local.port() : 0)) continue;
    }
    switch (AskOne(fresh_at)) {
      case Inspection::kNeedsData:
        return std::nullopt;
      case Inspection::kClose:
        return InspectionEnd::kRefused;
      case Inspection::kDone:
        filter_ = nullptr;
        fresh_at = 0;  // the next one has seen nothing yet
    }
  }
  return InspectionEnd::kDone;
}

Inspection InspectedConnection::AskOne(size_t fresh_at) {
  if (filter_ == nullptr) {
    filter_ = (*filters_)[at_].make();
    const Inspection first = filter_->OnAccept(connection_);
    if (first != Inspection::kNeedsData || connection_.read.empty()) return first;
    fresh_at = 0;
  }
  return filter_->OnData(connection_, fresh_at);
}

void InspectedConnection::Finish(InspectionEnd end) {
  watch_.reset();
  timer_.Cancel();
  filter_ = nullptr;
  owner_.OnInspected(*this, end);
}

}  // namespace outrigger::tcp
