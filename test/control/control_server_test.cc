// The whole control plane in one process with a real gRPC client, over a directory that changes.
#include "source/control/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/service/discovery/v3/ads.grpc.pb.h"
#include "envoy/service/secret/v3/sds.grpc.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "test/control/snapshots.h"
#include "test/control/temporary_directory.h"

namespace outrigger::control {
namespace {

namespace discovery = envoy::service::discovery::v3;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

// The lines of the server's log, to wait for.
class Lines {
 public:
  void Add(const std::string& line) {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(line);
  }
  // The first line that holds `text`, as soon as there is one; "" if none comes.
  std::string WaitFor(const std::string& text) {
    std::string found;
    const auto has_it = [&] {
      for (const std::string& line : lines_) {
        if (found.empty() && line.find(text) != line.npos) found = line;
      }
      return !found.empty();
    };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&has_it), kPatience);
    return found;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> lines_;
};

class ControlServerTest : public testing::Test {
 protected:
  ~ControlServerTest() override {
    if (!run_.joinable()) return;
    Stop();
    close(stop_fd_);
  }

  void Start(const std::string& listen = "127.0.0.1:0") {
    auto server = ControlServer::Start(files_.path(), {.address = listen}, log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    run_ = std::thread([this] { server_->Run(stop_fd_); });
    stub_ = discovery::AggregatedDiscoveryService::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }
  void Stop() {
    eventfd_write(stop_fd_, 1);
    run_.join();
  }

  TemporaryDirectory files_;
  Lines lines_;
  EventLog log_{LogLevel::kDebug, [this](const std::string& line) { lines_.Add(line); }};
  std::unique_ptr<ControlServer> server_;
  std::unique_ptr<discovery::AggregatedDiscoveryService::Stub> stub_;
  const int stop_fd_ = eventfd(0, EFD_CLOEXEC);
  std::thread run_;
};

// A proxy's state-of-the-world stream, one blocking call at a time.
class SotwClient {
 public:
  SotwClient(discovery::AggregatedDiscoveryService::Stub& stub, const std::string& node) {
    context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kPatience));
    stream_ = stub.StreamAggregatedResources(&context_);
    request_.mutable_node()->set_id(node);
  }
  ~SotwClient() {
    context_.TryCancel();
    discovery::DiscoveryResponse rest;
    while (stream_->Read(&rest)) {
    }
    if (!is_finished_) stream_->Finish();
  }

  void Ask(std::string_view type, const std::vector<std::string>& names = {}) {
    Send(type, names, {}, "");
  }
  void Ack(const discovery::DiscoveryResponse& response,
           const std::vector<std::string>& names = {}) {
    Send(response.type_url(), names, response, "");
  }
  void Nack(const discovery::DiscoveryResponse& response, const std::string& error) {
    Send(response.type_url(), {}, response, error);
  }
  discovery::DiscoveryResponse Next() {
    discovery::DiscoveryResponse response;
    EXPECT_TRUE(stream_->Read(&response)) << "the stream ended, or nothing came";
    return response;
  }
  grpc::Status End() {
    discovery::DiscoveryResponse response;
    while (stream_->Read(&response)) {
    }
    is_finished_ = true;
    return stream_->Finish();
  }

 private:
  void Send(std::string_view type, const std::vector<std::string>& names,
            const discovery::DiscoveryResponse& response, const std::string& error) {
    const bool has_host = type.find('/') != type.npos;
    request_.set_type_url(has_host || type.empty() ? std::string(type) : TypeUrl(type));
    request_.set_version_info(response.version_info());
    request_.set_response_nonce(response.nonce());
    request_.clear_resource_names();
    for (const std::string& name : names) request_.add_resource_names(name);
    request_.clear_error_detail();
    if (!error.empty()) {
      request_.mutable_error_detail()->set_code(3);
      request_.mutable_error_detail()->set_message(error);
    }
    EXPECT_TRUE(stream_->Write(request_));
    request_.clear_node();
  }

  grpc::ClientContext context_;
  discovery::DiscoveryRequest request_;
  std::unique_ptr<
      grpc::ClientReaderWriter<discovery::DiscoveryRequest, discovery::DiscoveryResponse>>
      stream_;
  bool is_finished_ = false;
};

std::vector<std::string> NamesIn(const discovery::DiscoveryResponse& response) {
  std::vector<std::string> names;
  for (const auto& body : response.resources()) {
    envoy::config::cluster::v3::Cluster cluster;
    EXPECT_TRUE(body.UnpackTo(&cluster));
    names.push_back(cluster.name());
  }
  return names;
}

TEST_F(ControlServerTest, PushesAChangeToAProxyAndLogsItsAck) {
  files_.Save("a.yaml", ClusterYaml("a"));
  Start();
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask(kCluster);
  const auto first = proxy.Next();
  EXPECT_THAT(NamesIn(first), ElementsAre("a"));
  EXPECT_EQ(first.control_plane().identifier(), "outrigger-control");
  proxy.Ack(first);
  EXPECT_THAT(lines_.WaitFor("event=ack"),
              HasSubstr("type=cds version=" + first.version_info() + " node=web-1"));

  files_.Save("b.yaml", ClusterYaml("b"));
  const auto second = proxy.Next();
  EXPECT_THAT(NamesIn(second), ElementsAre("a", "b"));
  EXPECT_NE(second.version_info(), first.version_info());
}

TEST_F(ControlServerTest, LogsTheWholeReasonOfANack) {
  files_.Save("a.yaml", ClusterYaml("a"));
  Start();
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask(kCluster);
  const auto response = proxy.Next();
  proxy.Nack(response, "cluster \"a\": no endpoints\nand more");
  EXPECT_THAT(lines_.WaitFor("event=nack"),
              HasSubstr("type=cds version=" + response.version_info() +
                        " node=web-1 code=3 error=\"cluster \\\"a\\\": no endpoints\\nand more\""));
}

TEST_F(ControlServerTest, KeepsTheLastGoodContentOfABadFileWhileOthersApply) {
  files_.Save("a.yaml", ClusterYaml("a", "1s"));
  Start();
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask(kCluster);
  proxy.Ack(proxy.Next());

  files_.Save("a.yaml", ClusterYaml("a", "soon"));
  const std::string refusal = lines_.WaitFor("event=file_refused");
  EXPECT_THAT(refusal, HasSubstr("file=a.yaml kept_last=true"));
  EXPECT_THAT(refusal, HasSubstr("a.yaml:3:18: connect_timeout: "));
  files_.Save("b.yaml", ClusterYaml("b"));
  const auto others = proxy.Next();
  EXPECT_THAT(NamesIn(others), ElementsAre("a", "b"));
  envoy::config::cluster::v3::Cluster kept;
  ASSERT_TRUE(others.resources(0).UnpackTo(&kept));
  EXPECT_EQ(kept.connect_timeout().seconds(), 1);
  proxy.Ack(others);

  files_.Save("a.yaml", ClusterYaml("a", "2s"));
  envoy::config::cluster::v3::Cluster repaired;
  ASSERT_TRUE(proxy.Next().resources(0).UnpackTo(&repaired));
  EXPECT_EQ(repaired.connect_timeout().seconds(), 2);
}

TEST_F(ControlServerTest, ServesSeveralProxiesOfBothVariants) {
  files_.Save("a.yaml", ClusterYaml("a"));
  Start();
  SotwClient one(*stub_, "one"), two(*stub_, "two");
  one.Ask(kCluster);
  two.Ask(kCluster, {"b"});
  one.Ack(one.Next());
  two.Ack(two.Next(), {"b"});

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kPatience));
  const auto delta = stub_->DeltaAggregatedResources(&context);
  discovery::DeltaDiscoveryRequest request;
  request.mutable_node()->set_id("three");
  request.set_type_url(TypeUrl(kCluster));
  ASSERT_TRUE(delta->Write(request));
  discovery::DeltaDiscoveryResponse response;
  ASSERT_TRUE(delta->Read(&response));
  ASSERT_EQ(response.resources_size(), 1);
  EXPECT_EQ(response.resources(0).name(), "a");
  request.set_response_nonce(response.nonce());
  ASSERT_TRUE(delta->Write(request));

  files_.Save("b.yaml", ClusterYaml("b"));
  EXPECT_THAT(NamesIn(one.Next()), ElementsAre("a", "b"));
  EXPECT_THAT(NamesIn(two.Next()), ElementsAre("b"));
  ASSERT_TRUE(delta->Read(&response));
  EXPECT_EQ(response.resources_size(), 1);
  EXPECT_EQ(response.resources(0).name(), "b");
  request.set_response_nonce(response.nonce());
  ASSERT_TRUE(delta->Write(request));

  files_.Delete("a.yaml");
  ASSERT_TRUE(delta->Read(&response));
  EXPECT_THAT(response.removed_resources(), ElementsAre("a"));
  context.TryCancel();
  while (delta->Read(&response)) {
  }
  delta->Finish();
}

TEST_F(ControlServerTest, EndsAStreamThatAsksForNoType) {
  Start();
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask("");
  const grpc::Status status = proxy.End();
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("type_url: must be set"));
}

TEST_F(ControlServerTest, EndsEveryStreamWhenItStops) {
  Start();
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask(kCluster);
  proxy.Next();
  Stop();
  EXPECT_EQ(proxy.End().error_code(), grpc::UNAVAILABLE);
}

TEST_F(ControlServerTest, ForgetsAProxyThatGoesAway) {
  Start();
  {
    SotwClient proxy(*stub_, "web-1");
    proxy.Ask(kCluster);
    proxy.Next();
  }
  EXPECT_THAT(lines_.WaitFor("event=stream_close"), HasSubstr("node=web-1"));
  files_.Save("a.yaml", ClusterYaml("a"));
  EXPECT_THAT(lines_.WaitFor("event=file_loaded"), HasSubstr("file=a.yaml"));
}

TEST_F(ControlServerTest, ListensOnAUnixSocket) {
  files_.Save("a.yaml", ClusterYaml("a"));
  Start("unix:" + (files_ / "socket"));
  SotwClient proxy(*stub_, "web-1");
  proxy.Ask(kCluster);
  EXPECT_THAT(NamesIn(proxy.Next()), ElementsAre("a"));
}

TEST_F(ControlServerTest, RefusesAnAddressInUseAndADirectoryThatIsNone) {
  Start();
  const auto second = ControlServer::Start(files_.path(), {.address = server_->address()}, log_);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("cannot listen on"));
  const auto long_path =
      ControlServer::Start(files_.path(), {.address = "unix:/" + std::string(108, 'x')}, log_);
  EXPECT_THAT(std::string(long_path.status().message()), HasSubstr("must be shorter than 108"));
  const auto nowhere = ControlServer::Start(files_ / "nowhere", {.address = "127.0.0.1:0"}, log_);
  EXPECT_THAT(std::string(nowhere.status().message()), HasSubstr("cannot be watched"));
}

TEST_F(ControlServerTest, RefusesACertificateThatItCannotUse) {
  files_.Save("key", "no key");
  const auto error_of = [&](const std::string& certificate, const std::string& key) {
    const ListenOptions listen{
        .address = "127.0.0.1:0", .tls_certificate = certificate, .tls_key = key};
    return std::string(ControlServer::Start(files_.path(), listen, log_).status().message());
  };
  EXPECT_THAT(error_of(files_ / "nowhere", files_ / "key"),
              HasSubstr("--tls-cert: cannot read \"" + (files_ / "nowhere") + "\""));
  files_.Save("certificate", "-----BEGIN CERTIFICATE-----");
  EXPECT_THAT(error_of(files_ / "certificate", files_ / "key"),
              HasSubstr("--tls-key: \"" + (files_ / "key") + "\" holds no"));
}

TEST_F(ControlServerTest, ServesSecretsOverTheirOwnService) {
  using SecretService = envoy::service::secret::v3::SecretDiscoveryService;
  files_.Write("secrets.yaml",
               "resources:\n"
               "- \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret\n"
               "  name: default\n");
  Start();
  const auto stub = SecretService::NewStub(
      grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->StreamSecrets(&context);
  discovery::DiscoveryRequest request;
  request.set_type_url("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret");
  request.add_resource_names("default");
  ASSERT_TRUE(stream->Write(request));
  discovery::DiscoveryResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.resources_size(), 1);
  EXPECT_EQ(response.type_url(), request.type_url());
}

}  // namespace
}  // namespace outrigger::control
