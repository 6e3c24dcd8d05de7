#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/event/timer.h"
#include "source/net/dns.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/cluster_spec.h"
#include "source/upstream/random.h"

namespace outrigger::upstream {

// Keeps the names of one cluster resolved. STRICT_DNS: every address of every name is an endpoint;
// LOGICAL_DNS: all addresses of the one name are one endpoint. A failed answer leaves the addresses
// of the last good one.
// Owner: the ClusterSet.  Thread: main.
class DnsEndpoints final {
 public:
  // `on_answer` runs after each answer, good or bad, once every name has had one; it may destroy
  // this object.
  DnsEndpoints(event::Loop& loop, net::DnsResolver& resolver, Random& random,
               std::shared_ptr<const ClusterSpec> spec, const MembershipCounters& counters,
               std::function<void()> on_answer);
  ~DnsEndpoints();

  // What all names resolve to: a logical endpoint with addresses, or one for each address.
  EndpointSet Endpoints() const;
  // The first name without an answer so far; empty: none.
  std::string waits_for() const;

 private:
  struct Name {
    Name(event::Loop& loop, const DnsName& its, absl::AnyInvocable<void()> on_refresh)
        : dns(its), refresh(loop, std::move(on_refresh)) {}
    const DnsName& dns;  // of the spec
    std::vector<net::Address> addresses;
    event::Operation lookup;
    event::Timer refresh;
    base::Milliseconds next_failure_refresh{0};
    bool is_answered = false;
  };

  static void AddLogical(const Name& name, EndpointSet& set);
  void Resolve(Name& name);
  void OnAnswer(Name& name, const absl::StatusOr<net::DnsAnswer>& answer);
  base::Milliseconds RefreshAfter(Name& name, const absl::StatusOr<net::DnsAnswer>& answer);

  net::DnsResolver& resolver_;
  Random& random_;
  const std::shared_ptr<const ClusterSpec> spec_;
  const MembershipCounters counters_;
  std::function<void()> on_answer_;
  std::vector<std::unique_ptr<Name>> names_;
  size_t unanswered_;
};

}  // namespace outrigger::upstream
