#pragma once

#include <ares.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "source/event/loop.h"
#include "source/event/timer.h"
#include "source/net/dns.h"

namespace outrigger::net {

struct CaresOptions {
  std::vector<Address> servers;  // with ports; empty: those of /etc/resolv.conf
  bool use_tcp = false;
  bool use_search_domains = true;    // of /etc/resolv.conf, for names with few dots
  base::Milliseconds timeout{5000};  // of the first try; c-ares doubles it for each round
  int tries = 4;                     // of each server
};

// Names through /etc/hosts and DNS, with c-ares.
// Owner: main().  Thread: the main thread, whose loop it uses. /etc/hosts is read there.
// Operations may outlive it; their callbacks then never run.
class CaresResolver final : public DnsResolver {
 public:
  static absl::StatusOr<std::unique_ptr<CaresResolver>> Create(event::Loop& loop,
                                                               const CaresOptions& options);
  ~CaresResolver() override;

  event::Operation Resolve(const std::string& name, DnsFamily family,
                           absl::AnyInvocable<void(absl::StatusOr<DnsAnswer>)> done) override;

 private:
  // One caller's question; its callback is empty once it was cancelled or answered.
  struct Question {
    absl::AnyInvocable<void(absl::StatusOr<DnsAnswer>)> done;
  };
  // One look-up of c-ares, which frees it by calling OnLookup; a question may take two of them.
  struct Lookup;
  class WatchedSocket;

  explicit CaresResolver(event::Loop& loop);

  static void OnSocketState(void* self, ares_socket_t fd, int wants_read, int wants_write);
  static void OnLookup(void* lookup, int status, int timeouts, ares_addrinfo* result);
  static void Answer(event::Loop& loop, std::shared_ptr<Question> question,
                     absl::StatusOr<DnsAnswer> answer);
  void Start(std::unique_ptr<Lookup> lookup);
  void Process(ares_socket_t readable, ares_socket_t writable);
  void ArmTimer();

  event::Loop& loop_;
  ares_channel channel_ = nullptr;
  bool is_closing_ = false;
  event::Timer timer_;  // c-ares wants to resend or to give up
  absl::flat_hash_map<ares_socket_t, std::unique_ptr<WatchedSocket>> sockets_;
};

}  // namespace outrigger::net
