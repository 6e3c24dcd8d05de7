#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "grpcpp/support/server_callback.h"
#include "source/control/event_log.h"
#include "source/control/session.h"
#include "source/control/stream_set.h"

namespace outrigger::control {

// The two variants of ADS.
struct Sotw {
  using Subscription = SotwSubscription;
  using Request = envoy::service::discovery::v3::DiscoveryRequest;
  using Response = envoy::service::discovery::v3::DiscoveryResponse;
  static constexpr char kName[] = "sotw";
  static Response Encode(const Push& push);
};
struct Delta {
  using Subscription = DeltaSubscription;
  using Request = envoy::service::discovery::v3::DeltaDiscoveryRequest;
  using Response = envoy::service::discovery::v3::DeltaDiscoveryResponse;
  static constexpr char kName[] = "delta";
  static Response Encode(const Push& push);
};

// One ADS stream of a proxy.
// Owner: the StreamSet, until gRPC calls OnDone.  Thread: any of gRPC's, and the publishing one.
// A mutex guards it, but is never held while gRPC is called: gRPC may call back on the same thread.
// One write is open at most, and the stream is finished only when none is.
template <typename Variant>
class AdsStream final
    : public OpenStream,
      public grpc::ServerBidiReactor<typename Variant::Request, typename Variant::Response> {
 public:
  // Adds itself to `streams`. Both references outlive the server, and that outlives its streams.
  static AdsStream* Open(StreamSet& streams, EventLog& log, std::string peer);

  void Pump() override;
  void End() override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  AdsStream(StreamSet& streams, EventLog& log, std::string peer);

  void LogRequest(const typename Session<typename Variant::Subscription>::Outcome& outcome)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LogPush(const Push& push, const std::string& node);

  StreamSet& streams_;
  EventLog& log_;
  const std::string peer_;
  typename Variant::Request request_;    // being read; ours between OnReadDone and StartRead
  typename Variant::Response response_;  // being written; ours while is_writing_ is false
  absl::Mutex mutex_;
  Session<typename Variant::Subscription> session_ ABSL_GUARDED_BY(mutex_);
  std::string node_ ABSL_GUARDED_BY(mutex_);  // told in the first request only
  grpc::Status end_status_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(mutex_) = false;
};

extern template class AdsStream<Sotw>;
extern template class AdsStream<Delta>;

}  // namespace outrigger::control
