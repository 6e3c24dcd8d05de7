#include "source/control/ads_stream.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "source/config/loading/message_types.h"

namespace outrigger::control {
namespace {

constexpr char kIdentifier[] = "outrigger-control";

std::string ShortName(const std::string& type_url) {
  return std::string(ShortTypeName(loading::TypeName(type_url)));
}

}  // namespace

Sotw::Response Sotw::Encode(const Push& push) {
  Response response;
  response.set_type_url(push.type_url);
  response.set_version_info(push.version);
  response.set_nonce(push.nonce);
  response.mutable_control_plane()->set_identifier(kIdentifier);
  for (const ResourcePtr& resource : push.resources) *response.add_resources() = resource->body;
  return response;
}

Delta::Response Delta::Encode(const Push& push) {
  Response response;
  response.set_type_url(push.type_url);
  response.set_system_version_info(push.version);
  response.set_nonce(push.nonce);
  response.mutable_control_plane()->set_identifier(kIdentifier);
  for (const ResourcePtr& resource : push.resources) {
    auto& entry = *response.add_resources();
    entry.set_name(resource->name);
    entry.set_version(resource->version);
    *entry.mutable_resource() = resource->body;
  }
  for (const std::string& name : push.removed) response.add_removed_resources(name);
  return response;
}

template <typename Variant>
AdsStream<Variant>* AdsStream<Variant>::Open(StreamSet& streams, EventLog& log, std::string peer) {
  std::shared_ptr<AdsStream> stream(new AdsStream(streams, log, std::move(peer)));
  streams.Add(stream);
  stream->StartRead(&stream->request_);
  return stream.get();
}

template <typename Variant>
AdsStream<Variant>::AdsStream(StreamSet& streams, EventLog& log, std::string peer)
    : streams_(streams), log_(log), peer_(std::move(peer)) {}

template <typename Variant>
void AdsStream<Variant>::Pump() {
  std::optional<Push> push;
  grpc::Status end_status;
  std::string node;
  {
    absl::MutexLock lock(&mutex_);
    if (is_writing_ || is_finished_) return;
    if (is_ending_) {
      is_finished_ = true;
      end_status = end_status_;
    } else {
      push = session_.Next(*streams_.snapshot());
      if (!push) return;
      is_writing_ = true;
      node = node_;
    }
  }
  if (!push) {
    this->Finish(end_status);
    return;
  }
  LogPush(*push, node);
  response_ = Variant::Encode(*push);
  this->StartWrite(&response_);
}

template <typename Variant>
void AdsStream<Variant>::End() {
  {
    absl::MutexLock lock(&mutex_);
    is_ending_ = true;
    end_status_ = grpc::Status(grpc::UNAVAILABLE, "the control plane is stopping");
  }
  Pump();
}

template <typename Variant>
void AdsStream<Variant>::OnReadDone(bool ok) {
  bool goes_on = false;
  {
    absl::MutexLock lock(&mutex_);
    if (!ok) {
      is_ending_ = true;
    } else if (!is_ending_) {
      const bool is_first = node_.empty();
      if (!request_.node().id().empty()) node_ = request_.node().id();
      if (node_.empty()) node_ = "unnamed";
      if (is_first) {
        log_.Write(LogLevel::kInfo, "stream_open",
                   {{"variant", Variant::kName}, {"node", node_}, {"peer", peer_}});
      }
      if (const auto outcome = session_.OnRequest(request_)) {
        LogRequest(*outcome);
        goes_on = true;
      } else {
        is_ending_ = true;
        end_status_ = grpc::Status(grpc::INVALID_ARGUMENT,
                                   "type_url: must be set, and to no more than 64 types a stream");
      }
    }
  }
  // OnDone comes after we have returned, so that reading on is safe even if the stream ends now.
  if (goes_on) this->StartRead(&request_);
  Pump();
}

template <typename Variant>
void AdsStream<Variant>::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    is_writing_ = false;
    if (!ok) is_ending_ = true;
  }
  Pump();
}

template <typename Variant>
void AdsStream<Variant>::OnDone() {
  {
    absl::MutexLock lock(&mutex_);
    is_finished_ = true;
    if (!node_.empty()) log_.Write(LogLevel::kInfo, "stream_close", {{"node", node_}});
  }
  streams_.Remove(this);
}

template <typename Variant>
void AdsStream<Variant>::LogRequest(
    const typename Session<typename Variant::Subscription>::Outcome& outcome) {
  const std::string type = ShortName(request_.type_url());
  switch (outcome.kind) {
    case RequestKind::kSubscribe:
      log_.Write(LogLevel::kInfo, "subscribe", {{"type", type}, {"node", node_}});
      return;
    case RequestKind::kAck:
      log_.Write(LogLevel::kInfo, "ack",
                 {{"type", type}, {"version", outcome.version}, {"node", node_}});
      return;
    case RequestKind::kNack:
      log_.Write(LogLevel::kWarning, "nack",
                 {{"type", type},
                  {"version", outcome.version},
                  {"node", node_},
                  {"code", absl::StrCat(request_.error_detail().code())},
                  {"error", request_.error_detail().message()}});
      return;
    case RequestKind::kStale:
      log_.Write(LogLevel::kDebug, "stale",
                 {{"type", type}, {"nonce", request_.response_nonce()}, {"node", node_}});
      return;
  }
}

template <typename Variant>
void AdsStream<Variant>::LogPush(const Push& push, const std::string& node) {
  constexpr size_t kShownNames = 10;
  std::vector<std::string> names;
  for (const ResourcePtr& resource : push.resources) {
    if (names.size() == kShownNames) break;
    names.push_back(resource->name);
  }
  log_.Write(LogLevel::kInfo, "push",
             {{"type", ShortName(push.type_url)},
              {"version", push.version},
              {"node", node},
              {"resources", absl::StrCat(push.resources.size())},
              {"removed", absl::StrCat(push.removed.size())},
              {"names", absl::StrJoin(names, ",")}});
}

template class AdsStream<Sotw>;
template class AdsStream<Delta>;

}  // namespace outrigger::control
