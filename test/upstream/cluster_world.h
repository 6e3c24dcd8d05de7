#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "source/base/arena.h"
#include "source/upstream/cluster_set.h"
#include "source/upstream/worker_clusters.h"
#include "test/net/loopback.h"

// Clusters on one loop that a test turns: a cluster set, one worker's clusters, DNS that answers
// when told, and real servers on loopback.
namespace outrigger::upstream {

// DNS that a test answers by hand.
class FakeDns final : public net::DnsResolver {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<net::DnsAnswer>)>;
  event::Operation Resolve(const std::string& name, net::DnsFamily, Done done) override {
    waiting[name] = {.id = ++questions, .done = std::move(done)};
    return event::Operation([this, name, id = questions] {
      const auto found = waiting.find(name);
      if (found != waiting.end() && found->second.id == id) waiting.erase(found);
    });
  }
  void Answer(const std::string& name, std::vector<std::string> ips, int ttl_seconds = 0) {
    net::DnsAnswer answer{.ttl = std::chrono::seconds(ttl_seconds)};
    for (const std::string& ip : ips) answer.addresses.push_back(*net::Address::Ip(ip, 0));
    Tell(name, std::move(answer));
  }
  void Fail(const std::string& name) { Tell(name, absl::UnavailableError("no answer")); }

  struct Question {
    int id = 0;
    Done done;
  };
  std::map<std::string, Question> waiting;
  int questions = 0;

 private:
  void Tell(const std::string& name, absl::StatusOr<net::DnsAnswer> answer) {
    auto node = waiting.extract(name);
    CHECK(!node.empty());
    node.mapped().done(std::move(answer));
  }
};

// A server that a test speaks for.
class Server {
 public:
  Server() { Listen(*net::Address::Ip("127.0.0.1", 0)); }

  const net::Address& address() const { return address_; }
  // Takes what has connected; connections() grows.
  void Accept() {
    for (;;) {
      const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.push_back(std::make_unique<net::RawPeer>(net::Socket(fd)));
    }
  }
  size_t connections() {
    Accept();
    return connections_.size();
  }
  net::RawPeer& connection(size_t at) { return *connections_.at(at); }
  // From now on connecting is refused.
  void StopListening() { listener_ = net::Socket(); }

 private:
  void Listen(const net::Address& address) {
    listener_ = *net::Listen(address, {});
    address_ = net::LocalAddress(listener_.fd());
  }
  net::Socket listener_;
  net::Address address_;
  std::vector<std::unique_ptr<net::RawPeer>> connections_;
};

// A request as a stream makes it, and what came of it.
class Request final : public http::ResponseReceiver {
 public:
  ~Request() override { GiveUp(); }
  // "GET /" as soon as there is a connection.
  void Start(WorkerClusterRef cluster, PickHints hints = {}) {
    cluster_ = std::move(cluster);
    if (auto at_once = cluster_->TryStart(hints, *this)) return Take(*std::move(at_once));
    waiting_ =
        cluster_->Start(hints, *this, [this](StartResult result) { Take(std::move(result)); });
  }
  void Cancel() { waiting_.Cancel(); }
  // As a stream that ends: whatever goes on.
  void GiveUp() {
    Cancel();
    if (attempt && attempt->writer != nullptr && !is_complete && !error) Reset();
  }
  void Reset() { std::exchange(attempt->writer, nullptr)->Reset(); }

  bool is_waiting() const { return !attempt && !failure; }
  bool is_done() const { return is_complete || error || failure; }
  std::string_view failure_detail() const { return failure ? failure->detail : ""; }

  std::optional<Attempt> attempt;
  std::optional<StartFailure> failure;
  std::optional<http::StreamError> error;
  bool is_complete = false;
  std::string body;
  std::function<void()> on_complete;

 private:
  void Take(StartResult result) {
    if (auto* failed = std::get_if<StartFailure>(&result)) {
      failure = *failed;
      return;
    }
    attempt = std::get<Attempt>(std::move(result));
    http::RequestHead head(arena_);
    head.target = "/";
    head.headers.Add(http::HeaderId::kHost, "test");
    attempt->writer->WriteHead(head, /*last=*/true);
  }
  http::ResponseHead& response_head() override { return response_head_; }
  http::HeaderMap& response_trailers() override { return trailers_; }
  void OnInformational() override {}
  void OnResponseHead(bool last) override {
    if (last) Complete();
  }
  void OnResponseBody(base::Buffer& piece, bool last) override {
    body += piece.ToString();
    piece.Clear();
    if (last) Complete();
  }
  void OnResponseTrailers() override { Complete(); }
  void OnResponseError(const http::StreamError& its_error) override { error = its_error; }
  void OnOutputHigh() override {}
  void OnOutputLow() override {}
  void Complete() {
    is_complete = true;
    if (on_complete) on_complete();
  }

  base::Arena arena_;
  http::ResponseHead response_head_{arena_};
  http::HeaderMap trailers_{arena_};
  WorkerClusterRef cluster_;
  event::Operation waiting_;
};

class World {
 public:
  World() : workers(turns.loop), set(turns.loop, {&workers}, dns, stats, 7, Interest()) {}
  // As a worker ends: what is left dies by the loop.
  ~World() {
    Settle();
    workers.Clear();
    Settle();
  }

  // A spec to be changed and then added; each change gives it another fingerprint.
  std::shared_ptr<ClusterSpec> Spec(std::string_view name) {
    auto spec = std::make_shared<ClusterSpec>();
    spec->name = names.Intern(name);
    spec->stat_name = std::string(name);
    spec->fingerprint = ++fingerprint_;
    spec->added_via_api = true;
    return spec;
  }
  static EndpointSet At(std::vector<net::Address> addresses) {
    EndpointSet set;
    for (const net::Address& address : addresses) {
      auto endpoint = std::make_shared<Endpoint>();
      endpoint->addresses = {address};
      set.endpoints.push_back(std::move(endpoint));
    }
    return set;
  }
  // Adds cluster "a", changed by `change`, of the servers.
  template <typename Change>
  void AddCluster(std::vector<Server*> servers, Change change) {
    auto spec = Spec("a");
    for (Server* server : servers) {
      for (auto& endpoint : At({server->address()}).endpoints) {
        spec->static_endpoints.endpoints.push_back(endpoint);
      }
    }
    change(*spec);
    CHECK(set.Add(spec).ok());
    Settle();
  }
  void AddCluster(std::vector<Server*> servers) {
    AddCluster(servers, [](ClusterSpec&) {});
  }

  WorkerClusterRef Cluster(std::string_view name = "a") { return workers.Find(name); }
  std::unique_ptr<Request> Start(PickHints hints = {}) {
    auto request = std::make_unique<Request>();
    request->Start(Cluster(), hints);
    return request;
  }
  void Settle() { turns.Settle(); }
  template <typename Done>
  [[nodiscard]] bool RunUntil(Done done) {
    return turns.RunUntil(std::move(done));
  }
  // Turns until the server has a complete request on that connection, then answers it.
  [[nodiscard]] bool Answer(
      Server& server, size_t connection,
      std::string_view response = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") {
    return RunUntil([&] {
             if (server.connections() <= connection) return false;
             net::RawPeer& peer = server.connection(connection);
             peer.Receive();
             const size_t end = peer.received().find("\r\n\r\n", seen_[&peer]);
             if (end == std::string::npos) return false;
             seen_[&peer] = end + 4;
             return true;
           }) &&
           server.connection(connection).Send(response) == response.size();
  }
  // One request and its answer on the given connection of the server.
  [[nodiscard]] bool Exchange(Server& server, size_t connection) {
    auto request = Start();
    return Answer(server, connection) && RunUntil([&] { return request->is_complete; });
  }
  void Advance(base::Milliseconds by) {
    turns.clock.Advance(by);
    Settle();
  }
  uint64_t Counter(std::string_view name) {
    set.UpdateGauges();
    return stats.Value(absl::StrCat("cluster.", std::string(name))).value_or(0);
  }

  net::TestLoop turns;
  stats::Store stats;
  ClusterNames names;
  FakeDns dns;
  std::map<std::string, bool> wanted;  // EDS names that were asked for
  WorkerClusters workers;
  ClusterSet set;

 private:
  ClusterSet::OnEdsInterest Interest() {
    return [this](const std::string& name, bool is_wanted, base::Milliseconds) {
      wanted[name] = is_wanted;
    };
  }
  uint64_t fingerprint_ = 0;
  std::map<net::RawPeer*, size_t> seen_;
};

}  // namespace outrigger::upstream
