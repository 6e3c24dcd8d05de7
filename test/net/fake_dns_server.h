#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/net/socket.h"

namespace outrigger::net {

// A DNS server on a UDP port of loopback, with the few records that a test gives it (RFC 1035).
// Runs on the test's loop.
class FakeDnsServer final : private event::FdHandler {
 public:
  enum Rcode : uint8_t { kNoError = 0, kServerFailure = 2, kNoSuchName = 3 };

  explicit FakeDnsServer(event::Loop& loop)
      : socket_(Bound()), watch_(loop, socket_.fd(), *this, EPOLLIN) {}

  Address address() const { return LocalAddress(socket_.fd()); }
  void Add(const std::string& name, const std::string& ip, uint32_t ttl) {
    const Address address = *Address::Ip(ip, 0);
    records_[{name, address.family() == AF_INET ? kA : kAaaa}].push_back({address, ttl});
  }
  void FailWith(const std::string& name, Rcode rcode) { failures_[name] = rcode; }
  void Drop(const std::string& name) { drops_ = name; }
  // The questions so far, as "A name" or "AAAA name".
  const std::vector<std::string>& questions() const { return questions_; }

 private:
  static constexpr uint16_t kA = 1;
  static constexpr uint16_t kAaaa = 28;
  struct Record {
    Address address;
    uint32_t ttl;
  };

  static Socket Bound() {
    Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const Address any = *Address::Ip("127.0.0.1", 0);
    CHECK(bind(socket.fd(), any.raw(), any.raw_size()) == 0);
    return socket;
  }

  void OnFdEvents(uint32_t /*events*/) override {
    char query[512];
    sockaddr_storage from;
    socklen_t size = sizeof(from);
    auto* raw = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = recvfrom(socket_.fd(), query, sizeof(query), 0, raw, &size);
    if (n < 17) return;
    std::string name;
    size_t at = 12;
    while (query[at] != 0) {
      const size_t length = static_cast<unsigned char>(query[at]);
      if (!name.empty()) name += '.';
      name.append(query + at + 1, length);
      at += 1 + length;
    }
    const size_t question_end = at + 5;
    const uint16_t type = static_cast<uint16_t>((query[at + 1] << 8) | query[at + 2]);
    questions_.push_back((type == kA ? "A " : "AAAA ") + name);
    if (name == drops_) return;
    const std::string reply = Reply(std::string(query, question_end), name, type);
    sendto(socket_.fd(), reply.data(), reply.size(), 0, raw, size);
  }

  std::string Reply(std::string question, const std::string& name, uint16_t type) const {
    const auto failure = failures_.find(name);
    const auto found = records_.find({name, type});
    const std::vector<Record> none;
    const std::vector<Record>& records = found == records_.end() ? none : found->second;
    std::string reply = std::move(question);
    reply[2] = '\x84';  // an authoritative response
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
  std::vector<std::string> questions_;
  Socket socket_;
  event::FdWatch watch_;
};

}  // namespace outrigger::net
