#include "source/net/cares_resolver.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/base/text.h"

namespace outrigger::net {
namespace {

// A numeric name never changes.
constexpr std::chrono::seconds kNumericTtl = std::chrono::hours(24);

// The families that are asked for, one look-up after the other, until one has addresses.
std::vector<int> FamiliesOf(DnsFamily family) {
  switch (family) {
    case DnsFamily::kAuto:
      return {AF_INET6, AF_INET};
    case DnsFamily::kV4Preferred:
      return {AF_INET, AF_INET6};
    case DnsFamily::kV4Only:
      return {AF_INET};
    case DnsFamily::kV6Only:
      return {AF_INET6};
    case DnsFamily::kAll:
      return {AF_UNSPEC};
  }
  return {AF_UNSPEC};
}

absl::Status ErrorOf(const std::string& name, int status) {
  const std::string text = base::StrCat("dns: ", name, ": ", ares_strerror(status));
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
      return absl::NotFoundError(text);
    case ARES_EBADNAME:
      return absl::InvalidArgumentError(text);
    case ARES_ETIMEOUT:
      return absl::DeadlineExceededError(text);
    default:
      return absl::UnavailableError(text);
  }
}

DnsAnswer AnswerOf(const ares_addrinfo& result) {
  DnsAnswer answer{.addresses = {}, .ttl = kNumericTtl};
  for (const ares_addrinfo_node* node = result.nodes; node != nullptr; node = node->ai_next) {
    answer.addresses.push_back(Address::FromSockaddr(node->ai_addr, node->ai_addrlen).WithPort(0));
    answer.ttl = std::min(answer.ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
  }
  std::stable_partition(answer.addresses.begin(), answer.addresses.end(),
                        [](const Address& a) { return a.family() == AF_INET6; });
  return answer;
}

// c-ares copies what it is given.
int SetServers(ares_channel channel, const std::vector<Address>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (size_t i = 0; i < servers.size(); ++i) {
    ares_addr_port_node& node = nodes[i];
    node.next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
    node.family = servers[i].family();
    node.udp_port = node.tcp_port = servers[i].port();
    uint8_t bytes[16];
    servers[i].IpBytes(bytes);
    if (node.family == AF_INET) {
      std::memcpy(&node.addr.addr4, bytes + 12, 4);
    } else {
      std::memcpy(&node.addr.addr6, bytes, 16);
    }
  }
  return ares_set_servers_ports(channel, nodes.data());
}

}  // namespace

struct CaresResolver::Lookup {
  CaresResolver& resolver;
  std::shared_ptr<Question> question;
  std::string name;
  std::vector<int> families;  // still to be asked for, the next one last
};

// One of c-ares' sockets, level-triggered: c-ares reads once for each call.
class CaresResolver::WatchedSocket final : private event::FdHandler {
 public:
  WatchedSocket(CaresResolver& resolver, int fd, uint32_t events)
      : resolver_(resolver), fd_(fd), watch_(resolver.loop_, fd, *this, events) {}
  void Change(uint32_t events) { watch_.Change(events); }

 private:
  void OnFdEvents(uint32_t events) override {
    // c-ares may close the socket, and so destroy us, on the way.
    constexpr uint32_t kFailed = EPOLLERR | EPOLLHUP;
    resolver_.Process((events & (EPOLLIN | kFailed)) != 0 ? fd_ : ARES_SOCKET_BAD,
                      (events & (EPOLLOUT | kFailed)) != 0 ? fd_ : ARES_SOCKET_BAD);
  }

  CaresResolver& resolver_;
  int fd_;
  event::FdWatch watch_;
};

CaresResolver::CaresResolver(event::Loop& loop)
    : loop_(loop), timer_(loop, [this] { Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}

absl::StatusOr<std::unique_ptr<CaresResolver>> CaresResolver::Create(event::Loop& loop,
                                                                     const CaresOptions& options) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) {
    return absl::UnavailableError(base::StrCat("dns: c-ares: ", ares_strerror(library)));
  }
  auto resolver = std::unique_ptr<CaresResolver>(new CaresResolver(loop));
  ares_options ares{};
  char lookups[] = "fb";  // /etc/hosts first
  ares.lookups = lookups;
  ares.timeout = static_cast<int>(options.timeout.count());
  ares.tries = options.tries;
  ares.sock_state_cb = &OnSocketState;
  ares.sock_state_cb_data = resolver.get();
  int mask = ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (options.use_tcp || !options.use_search_domains) {
    mask |= ARES_OPT_FLAGS;
    ares.flags = (options.use_tcp ? ARES_FLAG_USEVC : 0) |
                 (options.use_search_domains ? 0 : ARES_FLAG_NOSEARCH);
  }
  int status = ares_init_options(&resolver->channel_, &ares, mask);
  if (status == ARES_SUCCESS && !options.servers.empty()) {
    status = SetServers(resolver->channel_, options.servers);
  }
  if (status != ARES_SUCCESS) {
    return absl::UnavailableError(base::StrCat("dns: c-ares: ", ares_strerror(status)));
  }
  return resolver;
}

CaresResolver::~CaresResolver() {
  is_closing_ = true;
  if (channel_ != nullptr) ares_destroy(channel_);  // calls back for what is under way
}

event::Operation CaresResolver::Resolve(const std::string& name, DnsFamily family,
                                        absl::AnyInvocable<void(absl::StatusOr<DnsAnswer>)> done) {
  auto question = std::make_shared<Question>(Question{std::move(done)});
  event::Operation operation([weak = std::weak_ptr<Question>(question)] {
    if (const auto cancelled = weak.lock()) cancelled->done = nullptr;
  });
  if (const auto numeric = Address::Ip(name, 0); numeric.ok()) {
    Answer(loop_, std::move(question), DnsAnswer{.addresses = {*numeric}, .ttl = kNumericTtl});
    return operation;
  }
  std::vector<int> families = FamiliesOf(family);
  std::reverse(families.begin(), families.end());
  Start(std::unique_ptr<Lookup>(new Lookup{*this, std::move(question), name, std::move(families)}));
  ArmTimer();
  return operation;
}

void CaresResolver::Start(std::unique_ptr<Lookup> lookup) {
  ares_addrinfo_hints hints{};
  hints.ai_family = lookup->families.back();
  lookup->families.pop_back();
  hints.ai_socktype = SOCK_STREAM;
  // c-ares sorts by trial connects; we try in the order of the answer, or race (RFC 8305).
  hints.ai_flags = ARES_AI_NOSORT;
  const std::string name = lookup->name;
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &OnLookup, lookup.release());
}

void CaresResolver::OnLookup(void* arg, int status, int /*timeouts*/, ares_addrinfo* result) {
  std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(arg));
  CaresResolver& resolver = lookup->resolver;
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(result,
                                                                           &ares_freeaddrinfo);
  if (resolver.is_closing_ || lookup->question->done == nullptr) return;
  if (status == ARES_SUCCESS && result != nullptr && result->nodes != nullptr) {
    Answer(resolver.loop_, std::move(lookup->question), AnswerOf(*result));
  } else if (!lookup->families.empty()) {
    resolver.Start(std::move(lookup));
  } else {
    const int error = status == ARES_SUCCESS ? ARES_ENODATA : status;
    Answer(resolver.loop_, std::move(lookup->question), ErrorOf(lookup->name, error));
  }
}

// From the loop: c-ares answers from inside of ares_getaddrinfo when it needs no server, and must
// not be destroyed by what a callback does while it processes.
void CaresResolver::Answer(event::Loop& loop, std::shared_ptr<Question> question,
                           absl::StatusOr<DnsAnswer> answer) {
  loop.Post([question = std::move(question), answer = std::move(answer)]() mutable {
    if (auto done = std::exchange(question->done, nullptr)) done(std::move(answer));
  });
}

void CaresResolver::OnSocketState(void* self, ares_socket_t fd, int wants_read, int wants_write) {
  CaresResolver& resolver = *static_cast<CaresResolver*>(self);
  const uint32_t events =
      (wants_read != 0 ? uint32_t{EPOLLIN} : 0u) | (wants_write != 0 ? uint32_t{EPOLLOUT} : 0u);
  if (events == 0) {
    resolver.sockets_.erase(fd);
    return;
  }
  auto& socket = resolver.sockets_[fd];
  if (socket == nullptr) {
    socket = std::make_unique<WatchedSocket>(resolver, fd, events);
  } else {
    socket->Change(events);
  }
}

void CaresResolver::Process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  ArmTimer();
}

void CaresResolver::ArmTimer() {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return timer_.Cancel();
  timer_.Arm(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
}

}  // namespace outrigger::net
