#pragma once

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "source/net/address.h"

namespace outrigger::server {

class WorkerListener;

// The listeners of one worker by address: who gets a connection that was meant for an address.
// Owner: the worker; outlives its listeners.  Thread: the worker's.
class ListenerDirectory final {
 public:
  // The newest listener of an address has it.
  void Add(const std::vector<net::Address>& addresses, WorkerListener& listener);
  // Forgets the addresses that are the listener's.
  void Remove(const std::vector<net::Address>& addresses, const WorkerListener& listener);
  // The listener of the address, or else of its port on every address; null: there is none.
  WorkerListener* Find(const net::Address& address) const;

 private:
  absl::flat_hash_map<net::Address, WorkerListener*> by_address_;
};

}  // namespace outrigger::server
