#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/base/mutex.h"

namespace outrigger::net::tls {

// Sessions that a client may resume, by whom they were made with.
// Thread: any; a mutex on the workers, since a session that one worker was given is as good for
// another, and each handshake holds it for some pointers' worth of work.
// Limits: `max_each` sessions for each of at most 256 keys; the longest unused key goes first.
class ClientSessions {
 public:
  explicit ClientSessions(size_t max_each) : max_each_(max_each) {}

  // The newest; one of TLS 1.3 is for one use (RFC 8446 C.4). Null: none.
  bssl::UniquePtr<SSL_SESSION> Take(const std::string& key) const;
  void Add(const std::string& key, bssl::UniquePtr<SSL_SESSION> session) const;

 private:
  static constexpr size_t kMostKeys = 256;
  struct Kept {
    std::string key;
    std::deque<bssl::UniquePtr<SSL_SESSION>> sessions;
  };
  using List = std::list<Kept>;  // the latest used first

  const size_t max_each_;
  mutable base::Mutex mutex_;
  mutable List kept_ ABSL_GUARDED_BY(mutex_);
  mutable std::unordered_map<std::string_view, List::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace outrigger::net::tls
