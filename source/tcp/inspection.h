#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/event/timer.h"
#include "source/tcp/listener_filter.h"

namespace outrigger::tcp {

enum class InspectionEnd : uint8_t {
  kDone,     // every filter is; the connection goes on
  kRefused,  // a filter said kClose, or wanted more than kMostHeldBytes
  kLeft,     // the client closed before the filters were done
  kTimeout,
};

class InspectedConnection;

class InspectionOwner {
 public:
  virtual ~InspectionOwner() = default;
  // Once, from the loop; hand the object to DeleteLater. The connection may be moved out of it.
  virtual void OnInspected(InspectedConnection& inspected, InspectionEnd end) = 0;
};

// A connection that listener filters look at. Bytes are taken from the socket and handed on with
// it; the loop watches the socket only when they did not come together with the connection.
// Owner: the worker's listener.  Thread: its worker.
// Limits: kMostHeldBytes read and not taken; the timeout, for all filters together.
class InspectedConnection final : public event::Deletable,
                                  public base::ListLink<>,
                                  private event::FdHandler {
 public:
  static constexpr size_t kMostHeldBytes = 128 * 1024;

  // `may_hand_over` is the owner's, kept for it.
  InspectedConnection(event::Loop& loop, net::Accepted connection, ListenerFilters filters,
                      bool may_hand_over, InspectionOwner& owner);

  // The end, where it is there at once; otherwise OnInspected follows. `timeout` 0: none.
  std::optional<InspectionEnd> Start(base::Milliseconds timeout);
  net::Accepted& connection() { return connection_; }
  bool may_hand_over() const { return may_hand_over_; }
  base::MonoTime start() const { return start_; }

 private:
  void OnFdEvents(uint32_t events) override;
  // Both: nothing when more bytes are needed.
  std::optional<InspectionEnd> ReadOn();
  std::optional<InspectionEnd> AskFilters(size_t fresh_at);
  Inspection AskOne(size_t fresh_at);
  void Finish(InspectionEnd end);

  event::Loop& loop_;
  net::Accepted connection_;
  const ListenerFilters filters_;
  const bool may_hand_over_;
  const base::MonoTime start_;
  InspectionOwner& owner_;
  size_t at_ = 0;                           // the filter that looks
  std::unique_ptr<ListenerFilter> filter_;  // null: it was not asked yet
  std::optional<event::FdWatch> watch_;
  event::Timer timer_;
};

}  // namespace outrigger::tcp
