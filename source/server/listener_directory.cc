#include "source/server/listener_directory.h"

namespace outrigger::server {

void ListenerDirectory::Add(const std::vector<net::Address>& addresses, WorkerListener& listener) {
  for (const net::Address& address : addresses) by_address_[address] = &listener;
}

void ListenerDirectory::Remove(const std::vector<net::Address>& addresses,
                               const WorkerListener& listener) {
  for (const net::Address& address : addresses) {
    const auto at = by_address_.find(address);
    if (at != by_address_.end() && at->second == &listener) by_address_.erase(at);
  }
}

WorkerListener* ListenerDirectory::Find(const net::Address& address) const {
  if (const auto exact = by_address_.find(address); exact != by_address_.end()) {
    return exact->second;
  }
  static const auto& any_v4 = *new net::Address(*net::Address::Ip("0.0.0.0", 0));
  static const auto& any_v6 = *new net::Address(*net::Address::Ip("::", 0));
  if (!address.is_ip()) return nullptr;
  const net::Address& any = address.family() == AF_INET ? any_v4 : any_v6;
  const auto whole_port = by_address_.find(any.WithPort(address.port()));
  return whole_port == by_address_.end() ? nullptr : whole_port->second;
}

}  // namespace outrigger::server
