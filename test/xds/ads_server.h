#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/synchronization/mutex.h"
#include "envoy/service/discovery/v3/ads.grpc.pb.h"
#include "source/net/address.h"

namespace outrigger::xds::test {

// A control plane that says what the test says, served by gRPC's own C++ library. One stream at a
// time counts: the newest. Thread: the test's, which meets gRPC's threads under one lock.
template <typename Request, typename Response>
class AdsServer final : private envoy::service::discovery::v3::AggregatedDiscoveryService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<Response, Request>;

  AdsServer() { Start(0); }
  ~AdsServer() override { Stop(); }

  net::Address address() const {
    return *net::Address::Ip("127.0.0.1", static_cast<uint16_t>(port_));
  }
  // The next request that came on the newest stream, if one is there.
  std::optional<Request> Next() {
    absl::MutexLock lock(&mutex_);
    if (requests_.empty()) return std::nullopt;
    Request out = std::move(requests_.front());
    requests_.pop_front();
    return out;
  }
  void Send(const Response& response) {
    Stream* stream = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      stream = stream_;
    }
    ASSERT_NE(stream, nullptr);
    ASSERT_TRUE(stream->Write(response));
  }
  int stream_count() {
    absl::MutexLock lock(&mutex_);
    return stream_count_;
  }
  // Ends the stream with CANCELLED.
  void EndStream() {
    absl::MutexLock lock(&mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  std::string metadata(const std::string& name) {
    absl::MutexLock lock(&mutex_);
    const auto at = context_->client_metadata().find(name);
    return at == context_->client_metadata().end()
               ? ""
               : std::string(at->second.data(), at->second.size());
  }
  void Stop() {
    EndStream();
    if (server_ != nullptr) server_->Shutdown();
    server_.reset();
  }
  // On the same port again.
  void Restart() { Start(port_); }

 private:
  void Start(int port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  grpc::Status Serve(grpc::ServerContext* context, Stream* stream) {
    {
      absl::MutexLock lock(&mutex_);
      requests_.clear();
      stream_ = stream;
      context_ = context;
      ++stream_count_;
    }
    Request request;
    while (stream->Read(&request)) {
      absl::MutexLock lock(&mutex_);
      requests_.push_back(request);
    }
    absl::MutexLock lock(&mutex_);
    if (stream_ == stream) {
      stream_ = nullptr;
      context_ = nullptr;
    }
    return grpc::Status::OK;
  }

  // Only the one of our own types is ever called.
  grpc::Status StreamAggregatedResources(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<envoy::service::discovery::v3::DiscoveryResponse,
                               envoy::service::discovery::v3::DiscoveryRequest>* stream) override {
    if constexpr (std::is_same_v<Request, envoy::service::discovery::v3::DiscoveryRequest>) {
      return Serve(context, stream);
    }
    return {grpc::StatusCode::UNIMPLEMENTED, "this server speaks delta"};
  }
  grpc::Status DeltaAggregatedResources(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<envoy::service::discovery::v3::DeltaDiscoveryResponse,
                               envoy::service::discovery::v3::DeltaDiscoveryRequest>* stream)
      override {
    if constexpr (std::is_same_v<Request, envoy::service::discovery::v3::DeltaDiscoveryRequest>) {
      return Serve(context, stream);
    }
    return {grpc::StatusCode::UNIMPLEMENTED, "this server speaks state of the world"};
  }

  int port_ = 0;
  absl::Mutex mutex_;
  std::deque<Request> requests_;
  Stream* stream_ = nullptr;
  grpc::ServerContext* context_ = nullptr;
  int stream_count_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace outrigger::xds::test
