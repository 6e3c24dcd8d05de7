#include "source/xds/xds_client.h"

#include <array>
#include <utility>

#include "absl/random/random.h"
#include "source/base/check.h"
#include "source/base/log.h"
#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::xds {
namespace {

constexpr size_t kMaxLogged = 1000;

constexpr std::array<stats::Metric, 4> kControlPlaneTable = {{
    {"connected_state", stats::Kind::kGauge},
    {"identifier", stats::Kind::kText},
    {"pending_requests", stats::Kind::kGauge},
    {"rate_limit_enforced", stats::Kind::kCounter},
}};
// Ours: what a control plane did that no subscription counts.
constexpr std::array<stats::Metric, 5> kStreamTable = {{
    {"stream_closed", stats::Kind::kCounter},
    {"invalid_response", stats::Kind::kCounter},
    {"unknown_type", stats::Kind::kCounter},
    {"reading_paused", stats::Kind::kCounter},
    {"responses", stats::Kind::kCounter},
}};
constexpr std::array<stats::Metric, 1> kServerTable = {{
    {"dynamic_unknown_fields", stats::Kind::kCounter},
}};

constexpr size_t kConnectedState = stats::IndexOf(kControlPlaneTable, "connected_state");
constexpr size_t kIdentifier = stats::IndexOf(kControlPlaneTable, "identifier");
constexpr size_t kStreamClosed = stats::IndexOf(kStreamTable, "stream_closed");
constexpr size_t kInvalidResponse = stats::IndexOf(kStreamTable, "invalid_response");
constexpr size_t kUnknownType = stats::IndexOf(kStreamTable, "unknown_type");
constexpr size_t kReadingPaused = stats::IndexOf(kStreamTable, "reading_paused");
constexpr size_t kResponses = stats::IndexOf(kStreamTable, "responses");

std::string_view AggregatedMethod(Protocol protocol) {
  return protocol == Protocol::kSotw
             ? "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
             : "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
}

std::vector<const ResourceType*> PointersTo(const std::vector<ResourceType>& types) {
  std::vector<const ResourceType*> out;
  out.reserve(types.size());
  for (const ResourceType& type : types) out.push_back(&type);
  return out;
}

std::function<double()> OrGenerator(std::function<double()> random) {
  if (random != nullptr) return random;
  return [generator = std::make_shared<absl::BitGen>()] {
    return absl::Uniform(*generator, 0.0, 1.0);
  };
}

}  // namespace

XdsClient::Counters::Counters(stats::Store& store, const XdsOptions& options)
    : control_plane(store.Declare(options.control_plane_scope, kControlPlaneTable)),
      stream(store.Declare(options.stream_scope, kStreamTable)),
      server(store.Declare(stats::PlainScope("server."), kServerTable)) {}

XdsClient::XdsClient(event::Loop& loop, CompileThread& compile_thread, XdsOptions options,
                     std::vector<ResourceType> types, stats::Store& store)
    : loop_(loop),
      compile_thread_(compile_thread),
      options_(std::move(options)),
      types_(std::make_shared<const std::vector<ResourceType>>(std::move(types))),
      compiler_(std::make_shared<ResponseCompiler>(options_.protocol, PointersTo(*types_),
                                                   options_.limits)),
      counters_(store, options_),
      back_off_(options_.first_back_off, options_.longest_back_off, OrGenerator(options_.random)),
      reconnect_(loop, [this] { Connect(); }) {
  if (options_.stream.path.empty()) options_.stream.path = AggregatedMethod(options_.protocol);
  for (size_t i = 0; i < types_->size(); ++i) {
    const ResourceType& type = (*types_)[i];
    feeds_.push_back(std::make_unique<ResourceFeed>(
        loop_, options_.protocol, type, store,
        ResourceFeed::Callbacks{
            .on_change = [this] { loop_.Defer(*this); },
            .on_expired = [this,
                           i](const std::string& name) { SendFeedback(i, {.forgotten = {name}}); },
            .on_first_update =
                [this, url = type.url] {
                  if (options_.on_first_update != nullptr) options_.on_first_update(url);
                },
        }));
  }
}

XdsClient::~XdsClient() { counters_.control_plane->gauge(kConnectedState).Set(0); }

size_t XdsClient::IndexOf(std::string_view type_url) const {
  for (size_t i = 0; i < types_->size(); ++i) {
    if ((*types_)[i].url == type_url) return i;
  }
  CHECK(false);  // types are fixed when the process starts
}

void XdsClient::Start() {
  DCHECK(stream_ == nullptr && !reconnect_.is_armed());
  reconnect_.Arm(base::Nanoseconds(0));
}

void XdsClient::Begin(std::string_view type_url) {
  feeds_[IndexOf(type_url)]->BeginWildcard(options_.fetch_timeout);
}

void XdsClient::Watch(std::string_view type_url, const std::string& name,
                      std::optional<base::Milliseconds> fetch_timeout) {
  feeds_[IndexOf(type_url)]->Watch(name, fetch_timeout.value_or(options_.fetch_timeout));
}

void XdsClient::Unwatch(std::string_view type_url, const std::string& name) {
  feeds_[IndexOf(type_url)]->Unwatch(name);
}

std::shared_ptr<const void> XdsClient::Find(std::string_view type_url,
                                            const std::string& name) const {
  return feeds_[IndexOf(type_url)]->Find(name);
}

std::vector<TypeDescription> XdsClient::Describe() const {
  std::vector<TypeDescription> out;
  for (const auto& feed : feeds_) out.push_back(feed->Describe());
  return out;
}

void XdsClient::Connect() {
  stream_ = std::make_unique<client::GrpcStream>(loop_, options_.stream, options_.endpoints(),
                                                 stream_number_++,
                                                 static_cast<client::GrpcStreamEvents&>(*this));
}

void XdsClient::OnStreamOpen() {
  status_.is_connected = true;
  status_.endpoint = stream_->endpoint().ToString();
  counters_.control_plane->gauge(kConnectedState).Set(1);
  LOG(kInfo, kXds, "connected to ", options_.server, " at ", status_.endpoint);
  has_sent_node_ = false;
  for (const auto& feed : feeds_) feed->subscription().StartStream();
  loop_.Defer(*this);
}

void XdsClient::RunDeferred() {
  for (size_t i = 0; i < feeds_.size(); ++i) {
    SendFeedback(i, {.forgotten = feeds_[i]->TakeUnwanted()});
    feeds_[i]->Redeliver();
  }
  if (stream_ == nullptr || !stream_->is_open()) return;
  for (const auto& feed : feeds_) {
    while (true) {
      const bool with_node = !has_sent_node_ || !options_.sends_node_once;
      const auto request = feed->subscription().TakeRequest(with_node ? &options_.node : nullptr);
      if (!request.has_value()) break;
      has_sent_node_ = true;
      stream_->Send(*request);
    }
  }
}

void XdsClient::OnMessage(std::string message) {
  counters_.stream->counter(kResponses).Increment();
  waiting_bytes_ += message.size();
  waiting_.push_back({std::move(message), loop_.Now()});
  UpdatePause();
  CompileNext();
}

// Stops reading at the limits, and goes on at half of them.
void XdsClient::UpdatePause() {
  if (stream_ == nullptr) return;
  const bool is_over =
      waiting_.size() >= options_.max_waiting || waiting_bytes_ >= options_.max_waiting_bytes;
  const bool is_low = waiting_.size() <= options_.max_waiting / 2 &&
                      waiting_bytes_ <= options_.max_waiting_bytes / 2;
  if (!is_paused_ && is_over) {
    is_paused_ = true;
    counters_.stream->counter(kReadingPaused).Increment();
    stream_->PauseReading();
  } else if (is_paused_ && is_low) {
    is_paused_ = false;
    stream_->ResumeReading();
  }
}

void XdsClient::CompileNext() {
  if (is_compiling_ || waiting_.empty()) return;
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= next.bytes.size();
  is_compiling_ = true;
  auto outcome = std::make_shared<Outcome>();
  compiling_ =
      compile_thread_.Run([compiler = compiler_, types = types_, outcome,
                           bytes = std::move(next.bytes)] { *outcome = compiler->Compile(bytes); },
                          [this, outcome, number = stream_number_, received = next.received] {
                            OnCompiled(std::move(*outcome), number, received);
                          });
}

void XdsClient::OnCompiled(Outcome outcome, uint64_t stream_number, base::MonoTime received) {
  is_compiling_ = false;
  // What was compiled counts as held from then on, so it is applied even if its stream is gone.
  TakeOutcome(std::move(outcome), stream_number == stream_number_ && stream_ != nullptr, received);
  UpdatePause();
  CompileNext();
}

void XdsClient::TakeOutcome(Outcome outcome, bool is_present, base::MonoTime received) {
  if (!outcome.status.ok()) {
    counters_.stream->counter(kInvalidResponse).Increment();
    waiting_.clear();
    waiting_bytes_ = 0;
    if (is_present) stream_->Close(std::string(base::StdView(outcome.status.message())));
    return;
  }
  if (!outcome.control_plane.empty() && outcome.control_plane != status_.control_plane) {
    status_.control_plane = outcome.control_plane;
    counters_.control_plane->SetText(kIdentifier, status_.control_plane);
  }
  if (!outcome.type.has_value()) {
    counters_.stream->counter(kUnknownType).Increment();
    if (logged_.size() < kMaxLogged && logged_.insert(outcome.type_url).second) {
      LOG(kWarning, kXds, "ignored: responses of type \"", outcome.type_url,
          "\", which was not asked for");
    }
    return;
  }
  back_off_.Reset();
  CountUnknownFields(outcome.unknown_fields);
  const size_t type = *outcome.type;
  SendFeedback(type, feeds_[type]->Take(std::move(outcome), is_present, received));
}

void XdsClient::CountUnknownFields(const std::vector<std::string>& fields) {
  counters_.server->counter(0).Add(fields.size());
  for (const std::string& field : fields) {
    if (logged_.size() < kMaxLogged && logged_.insert(field).second) {
      LOG(kWarning, kXds, "ignored: ", field);
    }
  }
}

void XdsClient::SendFeedback(size_t type, ResourceFeed::Unused unused) {
  if (unused.doubted.empty() && unused.forgotten.empty()) return;
  compile_thread_.Run([compiler = compiler_, types = types_, type, unused = std::move(unused)] {
    compiler->Doubt(type, unused.doubted);
    compiler->Forget(type, unused.forgotten);
  });
}

void XdsClient::OnStreamClosed(std::string_view reason) {
  const base::Milliseconds wait = back_off_.Next();
  LOG(kWarning, kXds, "stream to ", options_.server, " ended: ", reason, "; next attempt in ",
      wait.count(), " ms");
  counters_.stream->counter(kStreamClosed).Increment();
  counters_.control_plane->gauge(kConnectedState).Set(0);
  status_.is_connected = false;
  status_.last_failure = std::string(reason);
  for (const auto& feed : feeds_) feed->CountFailure();
  // Their nonces are void; the server sends again what we do not claim to have.
  waiting_.clear();
  waiting_bytes_ = 0;
  is_paused_ = false;
  loop_.DeleteLater(std::move(stream_));
  reconnect_.Arm(wait);
}

}  // namespace outrigger::xds
