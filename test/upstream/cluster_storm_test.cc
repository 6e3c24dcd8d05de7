// Everything that can happen to clusters and pools, in random order; what must hold at the end.

#include <thread>

#include "gtest/gtest.h"
#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using std::chrono::milliseconds;

class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(seed) { Update(); }

  void Step() {
    switch (random_.Below(12)) {
      case 0:
      case 1:
      case 2:
        return Begin();
      case 3:
      case 4:
        return Respond("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      case 5:
        return Respond("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      case 6:
        return CloseAConnection();
      case 7:
        return GiveUpARequest();
      case 8:
        return Update();
      case 9:
        return ChangeEndpoints();
      case 10:
        return world_.Advance(milliseconds(random_.Below(400)));
      case 11:
        if (random_.Below(8) == 0) world_.set.Remove("a");
        return world_.Settle();
    }
  }

  // After the last request and the cluster are gone nothing is left.
  void End() {
    for (auto& request : requests_) request->GiveUp();
    requests_.clear();
    Update();
    auto watch = world_.Cluster();
    world_.set.Remove("a");
    world_.Settle();
    EXPECT_EQ(world_.Counter("a.upstream_cx_active"), 0);
    EXPECT_EQ(world_.Counter("a.upstream_rq_active"), 0);
    EXPECT_EQ(world_.Counter("a.upstream_rq_pending_active"), 0);
    EXPECT_EQ(world_.Counter("a.upstream_cx_total"), world_.Counter("a.upstream_cx_destroy"));
    EXPECT_GT(world_.Counter("a.upstream_rq_total"), 0);
  }

 private:
  Server& AnyServer() { return servers_[random_.Below(kServers)]; }

  void Begin() {
    if (requests_.size() > 30) requests_.erase(requests_.begin());
    auto request = std::make_unique<Request>();
    WorkerClusterRef cluster = world_.Cluster();
    if (!cluster) return Update();
    request->Start(cluster, {.priority = static_cast<int>(random_.Below(2)),
                             .needs_fresh_connection = random_.Below(10) == 0});
    requests_.push_back(std::move(request));
    if (random_.Below(2) == 0) world_.Settle();
  }
  void Respond(std::string_view response) {
    Server& server = AnyServer();
    for (size_t i = 0; i < server.connections(); ++i) {
      net::RawPeer& peer = server.connection(i);
      if (peer.fd() >= 0) peer.Send(response);  // to some of them unasked
    }
    world_.Settle();
  }
  void CloseAConnection() {
    Server& server = AnyServer();
    if (server.connections() == 0) return;
    net::RawPeer& peer = server.connection(random_.Below(server.connections()));
    if (random_.Below(2) == 0) {
      peer.Close();
    } else {
      peer.Reset();
    }
    if (random_.Below(2) == 0) world_.Settle();
  }
  void GiveUpARequest() {
    if (requests_.empty()) return;
    const size_t at = random_.Below(static_cast<uint32_t>(requests_.size()));
    requests_[at]->GiveUp();
    requests_.erase(requests_.begin() + at);
  }
  void Update() {
    auto spec = world_.Spec("a");
    spec->discovery = Discovery::kEds;
    spec->lb_policy = random_.Below(2) == 0 ? LbPolicy::kRoundRobin : LbPolicy::kLeastRequest;
    spec->breakers[0] = {.max_connections = 1 + random_.Below(6),
                         .max_pending_requests = 1 + random_.Below(6),
                         .max_requests = 1 + random_.Below(10)};
    spec->idle_timeout = milliseconds(200);
    if (random_.Below(2) == 0) spec->max_requests_per_connection = 1 + random_.Below(3);
    if (random_.Below(2) == 0) spec->max_connection_duration = milliseconds(500);
    ASSERT_TRUE(world_.set.Add(spec).ok());
    ChangeEndpoints();
  }
  void ChangeEndpoints() {
    EndpointSet set;
    for (Server& server : servers_) {
      if (random_.Below(3) == 0) continue;
      auto endpoint = std::make_shared<Endpoint>();
      endpoint->addresses = {server.address()};
      if (random_.Below(4) == 0) endpoint->addresses.push_back(AnyServer().address());
      endpoint->weight = 1 + random_.Below(3);
      endpoint->priority = random_.Below(2);
      endpoint->health = static_cast<EndpointHealth>(random_.Below(6));
      set.endpoints.push_back(std::move(endpoint));
    }
    world_.set.SetEndpoints("a", set);
    if (random_.Below(2) == 0) world_.Settle();
  }

  static constexpr uint32_t kServers = 3;
  World world_;
  Random random_;
  Server servers_[kServers];
  std::vector<std::unique_ptr<Request>> requests_;
};

TEST(ClusterStorm, LeavesNothingBehind) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed);
    for (int i = 0; i < 600; ++i) storm.Step();
    storm.End();
  }
}

// A worker with a thread of its own, whose requests begin and are given up all the time.
class Thread {
 public:
  Thread() : clusters(loop_), timer_(loop_, [this] { Turn(); }) {}
  void Start() {
    thread_ = std::thread([this] {
      Turn();
      loop_.Run();
      requests_.clear();
      timer_.Cancel();
      clusters.Clear();
      loop_.RunOnce();
    });
  }
  void Join() {
    loop_.Stop();
    thread_.join();
  }
  uint32_t started() const { return started_.load(); }

 private:
  base::SystemClock clock_;
  event::Loop loop_{clock_};

 public:
  WorkerClusters clusters;

 private:
  void Turn() {
    if (WorkerClusterRef cluster = clusters.Find("a")) {
      requests_.push_back(std::make_unique<Request>());
      requests_.back()->Start(std::move(cluster));
      ++started_;
    }
    if (requests_.size() > 8) requests_.erase(requests_.begin());
    timer_.Arm(base::Milliseconds(0));
  }
  event::Timer timer_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::atomic<uint32_t> started_{0};
  std::thread thread_;
};

TEST(ClusterStorm, ServesSeveralWorkersWhileClustersChange) {
  stats::Store stats;
  ClusterNames names;
  FakeDns dns;
  net::TestLoop turns;
  Server servers[3];
  Thread workers[2];
  ClusterSet set(turns.loop, {&workers[0].clusters, &workers[1].clusters}, dns, stats, 1,
                 [](const std::string&, bool, base::Milliseconds) {});
  for (Thread& worker : workers) worker.Start();
  Random random(3);
  uint64_t round = 0;
  const auto all_have_started = [&](uint32_t count) {
    return workers[0].started() >= count && workers[1].started() >= count;
  };
  while (!all_have_started(2000) || round < 300) {
    auto spec = std::make_shared<ClusterSpec>();
    spec->name = names.Intern("a");
    spec->stat_name = "a";
    spec->fingerprint = ++round / 8;
    spec->discovery = Discovery::kEds;
    spec->added_via_api = true;
    ASSERT_TRUE(set.Add(spec).ok());
    EndpointSet endpoints;
    for (Server& server : servers) {
      server.connections();
      auto endpoint = std::make_shared<Endpoint>();
      endpoint->addresses = {server.address()};
      endpoint->weight = 1 + random.Below(2);
      if (random.Below(4) != 0) endpoints.endpoints.push_back(std::move(endpoint));
    }
    set.SetEndpoints("a", endpoints);
    set.UpdateGauges();
    set.Describe();
    if (random.Below(20) == 0) set.Remove("a");
    std::this_thread::yield();
  }
  for (Thread& worker : workers) worker.Join();
  set.Remove("a");
  EXPECT_EQ(stats.Value("cluster.a.upstream_rq_active").value_or(0), 0);
}

}  // namespace
}  // namespace outrigger::upstream
