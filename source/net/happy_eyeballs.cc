#include "source/net/happy_eyeballs.h"

#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <system_error>
#include <utility>

#include "source/base/text.h"
#include "source/event/timer.h"

namespace outrigger::net {
namespace {

// RFC 8305 4: one of the other family after each, as long as both last.
std::vector<Address> Interleave(std::vector<Address> addresses) {
  if (addresses.empty()) return addresses;
  const int family = addresses.front().family();
  const auto middle = std::stable_partition(addresses.begin(), addresses.end(),
                                            [&](const Address& a) { return a.family() == family; });
  std::vector<Address> order;
  order.reserve(addresses.size());
  auto first = addresses.begin();
  auto second = middle;
  while (first != middle || second != addresses.end()) {
    if (first != middle) order.push_back(*first++);
    if (second != addresses.end()) order.push_back(*second++);
  }
  return order;
}

// The attempts of one ConnectToFirst. Owner: its Operation, then the loop's DeleteLater.
class Race final : public event::Deletable, private event::Deferred {
 public:
  Race(event::Loop& loop, std::vector<Address> addresses, RaceOptions options,
       absl::AnyInvocable<void(absl::StatusOr<RaceWinner>)> done)
      : loop_(loop),
        addresses_(Interleave(std::move(addresses))),
        options_(std::move(options)),
        done_(std::move(done)),
        stagger_(loop, [this] { StartNext(); }),
        timeout_(loop, [this] {
          Finish(absl::DeadlineExceededError(
              base::StrCat("connect: no answer within ", options_.timeout.count(), " ms")));
        }) {
    if (options_.timeout.count() > 0) timeout_.Arm(options_.timeout);
    StartNext();
  }

  void Abandon() {
    done_ = nullptr;
    Stop();
  }

 private:
  class Attempt final : private event::FdHandler {
   public:
    Attempt(Race& race, Socket socket, const Address& address)
        : race_(race),
          socket_(std::move(socket)),
          address_(address),
          watch_(race.loop_, socket_.fd(), *this, EPOLLOUT | EPOLLET) {}

   private:
    void OnFdEvents(uint32_t events) override {
      if ((events & (EPOLLERR | EPOLLHUP)) != 0) return race_.Lose(*this, Error());
      if ((events & EPOLLOUT) != 0) race_.Win(*this);
    }
    absl::Status Error() const {
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      return absl::UnavailableError(base::StrCat("connect to ", address_.ToString(), ": ",
                                                 std::generic_category().message(error)));
    }

    friend class Race;
    Race& race_;
    Socket socket_;
    Address address_;
    event::FdWatch watch_;
  };

  void StartNext() {
    while (next_ < addresses_.size()) {
      const Address& address = addresses_[next_++];
      const Address* source = options_.source ? &*options_.source : nullptr;
      absl::StatusOr<Socket> socket = StartConnect(address, source, options_.keepalive);
      if (!socket.ok()) {
        last_failure_ = socket.status();
        continue;
      }
      attempts_.push_back(std::make_unique<Attempt>(*this, *std::move(socket), address));
      if (next_ < addresses_.size()) stagger_.Arm(options_.stagger);
      return;
    }
    if (attempts_.empty()) Finish(last_failure_);
  }

  void Lose(Attempt& attempt, absl::Status why) {
    last_failure_ = std::move(why);
    std::erase_if(attempts_, [&](const auto& each) { return each.get() == &attempt; });
    stagger_.Cancel();
    StartNext();
  }

  void Win(Attempt& attempt) {
    const int fd = attempt.socket_.Release();
    const Address address = attempt.address_;
    Finish(RaceWinner{Socket(fd), address});
  }

  void Finish(absl::StatusOr<RaceWinner> result) {
    result_ = std::move(result);
    Stop();
    loop_.Defer(*this);
  }

  void Stop() {
    Unlink();
    stagger_.Cancel();
    timeout_.Cancel();
    attempts_.clear();
  }

  void RunDeferred() override {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result_));
  }

  event::Loop& loop_;
  std::vector<Address> addresses_;
  size_t next_ = 0;
  RaceOptions options_;
  absl::AnyInvocable<void(absl::StatusOr<RaceWinner>)> done_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  absl::Status last_failure_ = absl::InvalidArgumentError("connect: no addresses");
  absl::StatusOr<RaceWinner> result_ = absl::CancelledError();
  event::Timer stagger_;
  event::Timer timeout_;
};

}  // namespace

event::Operation ConnectToFirst(event::Loop& loop, std::vector<Address> addresses,
                                RaceOptions options,
                                absl::AnyInvocable<void(absl::StatusOr<RaceWinner>)> done) {
  auto race =
      std::make_unique<Race>(loop, std::move(addresses), std::move(options), std::move(done));
  // It may be one of the race's own calls that cancels.
  return event::Operation([&loop, race = std::move(race)]() mutable {
    race->Abandon();
    loop.DeleteLater(std::move(race));
  });
}

}  // namespace outrigger::net
