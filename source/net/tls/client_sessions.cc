#include "source/net/tls/client_sessions.h"

#include <utility>

namespace outrigger::net::tls {

bssl::UniquePtr<SSL_SESSION> ClientSessions::Take(const std::string& key) const {
  base::MutexLock lock(mutex_);
  const auto at = by_key_.find(key);
  if (at == by_key_.end() || at->second->sessions.empty()) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  std::deque<bssl::UniquePtr<SSL_SESSION>>& sessions = at->second->sessions;
  if (SSL_SESSION_should_be_single_use(sessions.front().get()) != 1) {
    return bssl::UpRef(sessions.front());
  }
  bssl::UniquePtr<SSL_SESSION> session = std::move(sessions.front());
  sessions.pop_front();
  return session;
}

void ClientSessions::Add(const std::string& key, bssl::UniquePtr<SSL_SESSION> session) const {
  if (max_each_ == 0) return;
  base::MutexLock lock(mutex_);
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) {
    kept_.push_front({.key = key});
    by_key_.emplace(kept_.front().key, kept_.begin());
    if (kept_.size() > kMostKeys) {
      by_key_.erase(kept_.back().key);
      kept_.pop_back();
    }
  } else {
    kept_.splice(kept_.begin(), kept_, at->second);
  }
  std::deque<bssl::UniquePtr<SSL_SESSION>>& sessions = kept_.front().sessions;
  sessions.push_front(std::move(session));
  if (sessions.size() > max_each_) sessions.pop_back();
}

}  // namespace outrigger::net::tls
