#include "test/extensions/http_filters/router/router_world.h"

#include "source/config/registry.h"
#include "source/extensions/http_filters/router/router.h"

namespace outrigger::router {
namespace {

void CopyInto(http::HeaderMap& map, const HeaderList& headers) {
  for (const auto& [name, value] : headers) map.AddCopy(name, value);
}

HeaderList ListOf(const http::HeaderMap& map) {
  HeaderList list;
  for (const http::Header& header : map.entries()) list.emplace_back(header.name(), header.value());
  return list;
}

}  // namespace

// --- Client ------------------------------------------------------------------------------------

Client::Client(event::Loop& loop, upstream::WorkerClusters& clusters,
               const route::RouteTable* table, const http::TerminalFactory& terminal,
               uint64_t random)
    : loop_(loop), clusters_(clusters), table_(table), random_(random) {
  seen.start = loop.Now();
  seen.request = &request_;
  terminal_ = terminal(*this);
}

void Client::Head(std::string_view line, const HeaderList& headers, bool last) {
  const size_t space = line.find(' ');
  request_.method_text = arena_.Copy(line.substr(0, space));
  request_.method = http::ParseMethod(request_.method_text);
  request_.target = arena_.Copy(line.substr(space + 1));
  CopyInto(request_.headers, headers);
  if (!request_.headers.Has(http::HeaderId::kHost)) request_.headers.AddCopy("host", "test");
  if (last) seen.request_end = loop_.Now();
  terminal_->OnRequestHead(request_, last);
}

void Client::Body(std::string_view piece, bool last) {
  base::Buffer buffer;
  buffer.Append(piece);
  if (last) seen.request_end = loop_.Now();
  terminal_->OnRequestBody(buffer, last);
  CHECK(buffer.empty());
}

void Client::Trailers(const HeaderList& trailers) {
  CopyInto(request_trailers_, trailers);
  seen.request_end = loop_.Now();
  terminal_->OnRequestTrailers(request_trailers_);
}

std::string Client::Header(std::string_view name) const {
  std::string all;
  for (const auto& [its_name, value] : headers) {
    if (!http::EqualsIgnoreCase(its_name, name)) continue;
    if (!all.empty()) all += ",";
    all += value;
  }
  return all;
}

std::string Client::Flags() const {
  using Flag = http::ResponseFlag;
  static constexpr std::pair<Flag, const char*> kLetters[] = {
      {Flag::kNoHealthyUpstream, "UH"},
      {Flag::kUpstreamRequestTimeout, "UT"},
      {Flag::kUpstreamConnectionFailure, "UF"},
      {Flag::kUpstreamConnectionTermination, "UC"},
      {Flag::kUpstreamOverflow, "UO"},
      {Flag::kNoRouteFound, "NR"},
      {Flag::kUpstreamRetryLimitExceeded, "URX"},
      {Flag::kStreamIdleTimeout, "SI"},
      {Flag::kInvalidRequestHeaders, "IH"},
      {Flag::kNoClusterFound, "NC"},
      {Flag::kDurationTimeout, "DT"},
      {Flag::kUpstreamProtocolError, "UPE"},
  };
  std::string all;
  for (const auto& [flag, letters] : kLetters) {
    if (!seen.Has(flag)) continue;
    if (!all.empty()) all += ",";
    all += letters;
  }
  return all;
}

void Client::SendResponseHead(bool last) {
  CHECK(!has_head);
  has_head = true;
  status = response_.status;
  headers = ListOf(response_.headers);
  is_complete = last;
}

void Client::SendResponseBody(base::Buffer& piece, bool last) {
  CHECK(has_head && !is_complete);
  body += piece.ToString();
  piece.Clear();
  is_complete = last;
}

void Client::SendResponseTrailers() {
  CHECK(has_head && !is_complete);
  trailers = ListOf(response_trailers_);
  is_complete = true;
}

void Client::SendReply(http::LocalReply reply) {
  CHECK(!has_head);
  has_head = is_complete = true;
  status = reply.status;
  body = reply.body;
  headers = reply.headers;
  grpc_status = reply.grpc_status;
  seen.detail = reply.detail;
  if (reply.flag) seen.Set(*reply.flag);
}

// --- World -------------------------------------------------------------------------------------

World::World() {
  Configure({});
  AddCluster("a", {&server});
  SetForward([](route::ForwardAction&) {});
}

World::~World() {
  for (auto& client : clients_) client->End();
  Settle();
  clusters.Clear();
  Settle();
}

void World::Configure(const RouterConfig& config) {
  config::FactoryContext context(turns.clock, stats, "ingress", runtime);
  auto terminal = Create(config, context);
  CHECK(terminal.ok());
  terminal_ = *std::move(terminal);
}

void World::AddCluster(std::string_view name, std::vector<testing::ScriptedUpstream*> upstreams,
                       const std::function<void(upstream::ClusterSpec&)>& change) {
  auto spec = std::make_shared<upstream::ClusterSpec>();
  spec->name = names.Intern(name);
  spec->stat_name = std::string(name);
  if (change) change(*spec);
  auto endpoints = std::make_shared<upstream::EndpointSet>();
  for (testing::ScriptedUpstream* upstream : upstreams) {
    auto endpoint = std::make_shared<upstream::Endpoint>();
    endpoint->addresses = {upstream->address()};
    endpoint->hostname = "endpoint.name";
    endpoint->tally = std::make_shared<upstream::EndpointTally>();
    endpoints->endpoints.push_back(std::move(endpoint));
  }
  auto state = std::make_shared<upstream::ClusterState>();
  state->spec = std::move(spec);
  state->endpoints = std::move(endpoints);
  state->breakers = std::make_shared<upstream::CircuitBreakers>();
  state->stats = &stats;
  clusters.Install(std::move(state));
}

route::WeightedTarget World::To(std::string_view cluster, uint32_t weight) {
  const upstream::ClusterNameRef name = names.Intern(cluster);
  route::WeightedTarget target;
  target.cluster = {.name = name->text(), .name_holder = name, .id = name->id()};
  target.weight = weight;
  return target;
}

void World::SetRoute(route::RouteSpec route,
                     const std::function<void(route::VirtualHostSpec&)>& change) {
  route::RouteTableSpec spec{.name = "table"};
  route::VirtualHostSpec& host = spec.virtual_hosts.emplace_back();
  host.name = "all";
  host.domains = {"*"};
  if (route.path.text.empty()) route.path.text = "/";
  host.routes.push_back(std::move(route));
  if (change) change(host);
  auto table = route::RouteTable::Compile(std::move(spec));
  CHECK(table.ok());
  tables_.push_back(*std::move(table));
}

void World::SetForward(const std::function<void(route::ForwardAction&)>& change) {
  route::ForwardAction forward;
  change(forward);
  if (forward.weighted.empty() && forward.cluster_header.empty()) {
    forward.weighted.push_back(To("a"));
  }
  route::RouteSpec route;
  route.action = std::move(forward);
  route.counters = std::make_shared<const route::RouteCounters>(
      route::RouteCounters::Declare(stats, "all", "test"));
  SetRoute(std::move(route));
}

void World::SetRetries(route::RetryPolicy policy) {
  SetForward([&](route::ForwardAction& forward) {
    forward.retry = std::make_shared<const route::RetryPolicy>(std::move(policy));
  });
}

Client& World::Request(std::string_view line, const HeaderList& headers, bool last,
                       uint64_t random) {
  clients_.push_back(
      std::make_unique<Client>(turns.loop, clusters, tables_.back().get(), terminal_, random));
  Client& client = *clients_.back();
  if (client_address) client.seen.downstream_remote = &*client_address;
  if (listener_address) client.seen.downstream_local = &*listener_address;
  client.Head(line, headers, last);
  return client;
}

bool World::Finishes(Client& client) {
  return turns.RunUntil([&] { return client.is_over(); });
}

bool World::Exchange(size_t at) {
  Client& client = Request("GET /warm-up");
  if (!server.GetsHead(at)) return false;
  server.Send(kOk, at);
  if (!Finishes(client)) return false;
  Settle();
  return client.status == 200;
}

void World::Advance(base::Milliseconds by) {
  turns.clock.Advance(by);
  Settle();
}

}  // namespace outrigger::router
