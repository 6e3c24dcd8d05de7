#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/net/socket.h"

namespace outrigger::net {

// A DNS server on a port of loopback, UDP and TCP, with the few records that a test gives it (RFC
// 1035). Runs on the test's loop.
class FakeDnsServer final : private event::FdHandler {
 public:
  enum Rcode : uint8_t { kNoError = 0, kServerFailure = 2, kNoSuchName = 3 };

  explicit FakeDnsServer(event::Loop& loop) : loop_(loop) {
    Bind();
    watch_.emplace(loop, socket_.fd(), static_cast<event::FdHandler&>(*this), uint32_t{EPOLLIN});
    accepting_.emplace(loop, tcp_socket_.fd(), acceptor_, uint32_t{EPOLLIN});
  }

  Address address() const { return LocalAddress(socket_.fd()); }
  void Add(const std::string& name, const std::string& ip, uint32_t ttl) {
    const Address address = *Address::Ip(ip, 0);
    records_[{name, address.family() == AF_INET ? kA : kAaaa}].push_back({address, ttl});
  }
  void FailWith(const std::string& name, Rcode rcode) { failures_[name] = rcode; }
  void Drop(const std::string& name) { drops_ = name; }
  // Over UDP the answer about `name` does not fit: it says so, and has no records.
  void Truncate(const std::string& name) { truncated_ = name; }
  // The questions so far, as "A name" or "AAAA name", over TCP as "TCP A name".
  const std::vector<std::string>& questions() const { return questions_; }

 private:
  static constexpr uint16_t kA = 1;
  static constexpr uint16_t kAaaa = 28;
  struct Record {
    Address address;
    uint32_t ttl;
  };

  // One client over TCP: two bytes of length before each message (RFC 1035 4.2.2).
  class TcpClient final : private event::FdHandler {
   public:
    TcpClient(FakeDnsServer& server, Socket socket)
        : server_(server),
          socket_(std::move(socket)),
          watch_(server.loop_, socket_.fd(), *this, EPOLLIN) {}

   private:
    void OnFdEvents(uint32_t /*events*/) override {
      char chunk[1024];
      const ssize_t n = recv(socket_.fd(), chunk, sizeof(chunk), 0);
      if (n <= 0) return watch_.Change(0);  // it is gone; we go with the server
      got_.append(chunk, static_cast<size_t>(n));
      while (got_.size() >= 2) {
        const size_t length = static_cast<size_t>(static_cast<unsigned char>(got_[0])) << 8 |
                              static_cast<unsigned char>(got_[1]);
        if (got_.size() < 2 + length) return;
        std::string reply = server_.Answer(got_.substr(2, length), /*is_tcp=*/true);
        got_.erase(0, 2 + length);
        if (reply.empty()) continue;
        std::string framed(2, '\0');
        Put16(framed, 0, static_cast<uint16_t>(reply.size()));
        framed += reply;
        CHECK(send(socket_.fd(), framed.data(), framed.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(framed.size()));
      }
    }

    FakeDnsServer& server_;
    Socket socket_;
    std::string got_;
    event::FdWatch watch_;
  };

  class TcpAcceptor final : public event::FdHandler {
   public:
    explicit TcpAcceptor(FakeDnsServer& server) : server_(server) {}
    void OnFdEvents(uint32_t /*events*/) override {
      const int fd = accept4(server_.tcp_socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      server_.clients_.push_back(std::make_unique<TcpClient>(server_, Socket(fd)));
    }

   private:
    FakeDnsServer& server_;
  };

  // The same port for both; the first that TCP has free as well.
  void Bind() {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
      socket_ = Socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      tcp_socket_ = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const Address any = *Address::Ip("127.0.0.1", 0);
      CHECK(bind(socket_.fd(), any.raw(), any.raw_size()) == 0);
      const Address same = LocalAddress(socket_.fd());
      if (bind(tcp_socket_.fd(), same.raw(), same.raw_size()) != 0) continue;
      CHECK(listen(tcp_socket_.fd(), 8) == 0);
      return;
    }
    base::CheckFailed(__FILE__, __LINE__, "no port is free for UDP and TCP");
  }

  void OnFdEvents(uint32_t /*events*/) override {
    char query[512];
    sockaddr_storage from;
    socklen_t size = sizeof(from);
    auto* raw = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = recvfrom(socket_.fd(), query, sizeof(query), 0, raw, &size);
    if (n < 17) return;
    const std::string reply = Answer(std::string(query, static_cast<size_t>(n)), /*is_tcp=*/false);
    if (!reply.empty()) sendto(socket_.fd(), reply.data(), reply.size(), 0, raw, size);
  }

  // Empty: there is none.
  std::string Answer(const std::string& query, bool is_tcp) {
    std::string name;
    size_t at = 12;
    while (query[at] != 0) {
      const size_t length = static_cast<unsigned char>(query[at]);
      if (!name.empty()) name += '.';
      name.append(query, at + 1, length);
      at += 1 + length;
    }
    const size_t question_end = at + 5;
    const uint16_t type = static_cast<uint16_t>((query[at + 1] << 8) | query[at + 2]);
    questions_.push_back((is_tcp ? "TCP " : "") + ((type == kA ? "A " : "AAAA ") + name));
    if (name == drops_) return "";
    return Reply(query.substr(0, question_end), name, type, !is_tcp && name == truncated_);
  }

  std::string Reply(std::string question, const std::string& name, uint16_t type,
                    bool is_truncated) const {
    const auto failure = failures_.find(name);
    const auto found = records_.find({name, type});
    const std::vector<Record> none;
    const std::vector<Record>& records =
        found == records_.end() || is_truncated ? none : found->second;
    std::string reply = std::move(question);
    reply[2] = is_truncated ? '\x86' : '\x84';  // an authoritative response, and TC
    reply[3] = static_cast<char>(failure == failures_.end() ? kNoError : failure->second);
    Put16(reply, 6, static_cast<uint16_t>(records.size()));
    Put16(reply, 8, 0);
    Put16(reply, 10, 0);  // the query's EDNS record is not repeated
    for (const Record& record : records) {
      uint8_t bytes[16];
      record.address.IpBytes(bytes);
      const bool is_v4 = type == kA;
      char fixed[12] = {'\xc0', 12};  // the name of the question
      const uint16_t type_be = htons(type), class_be = htons(1);
      const uint32_t ttl_be = htonl(record.ttl);
      const uint16_t length_be = htons(is_v4 ? 4 : 16);
      std::memcpy(fixed + 2, &type_be, 2);
      std::memcpy(fixed + 4, &class_be, 2);
      std::memcpy(fixed + 6, &ttl_be, 4);
      std::memcpy(fixed + 10, &length_be, 2);
      reply.append(fixed, sizeof(fixed));
      reply.append(reinterpret_cast<char*>(bytes) + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
    }
    return reply;
  }

  static void Put16(std::string& text, size_t at, uint16_t value) {
    text[at] = static_cast<char>(value >> 8);
    text[at + 1] = static_cast<char>(value);
  }

  std::map<std::pair<std::string, uint16_t>, std::vector<Record>> records_;
  std::map<std::string, Rcode> failures_;
  std::string drops_;
  std::string truncated_;
  std::vector<std::string> questions_;
  event::Loop& loop_;
  Socket socket_, tcp_socket_;
  TcpAcceptor acceptor_{*this};
  std::optional<event::FdWatch> watch_, accepting_;
  std::vector<std::unique_ptr<TcpClient>> clients_;
};

}  // namespace outrigger::net
