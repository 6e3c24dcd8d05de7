// A control plane that breaks rules costs a reconnect, or a wait of its own; never what was
// accepted, and never more memory than the limits allow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "source/http/grpc/message_reader.h"
#include "source/xds/xds_client.h"
#include "test/client/raw_server.h"
#include "test/client/turning.h"
#include "test/xds/applied_types.h"

namespace outrigger::xds {
namespace {

using outrigger::test::DataFrame;
using outrigger::test::Frame;
using outrigger::test::GrpcHead;
using outrigger::test::PingFrame;
using outrigger::test::SettingsFrame;
using test::kTypeUrl;
using test::Sotw;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class HostileControlPlane : public ::testing::Test {
 protected:
  void StartClient() {
    options_.endpoints = [this] { return std::vector{client::GrpcEndpoint{server_.address()}}; };
    options_.stream.max_message_bytes = 100'000;
    options_.random = [] { return 0.0; };
    client_ =
        std::make_unique<XdsClient>(loop_, compile_thread_, options_, applied_.Types(), store_);
    client_->Begin(kTypeUrl);
    client_->Start();
    Accept();
  }
  // A stream stands and one good resource was taken.
  void StartWell() {
    StartClient();
    SendResponse(Sotw("1", "a", {{"x", "1"}}));
    ASSERT_TRUE(Turn([&] { return applied_.held.size() == 1; }));
  }
  void Accept() {
    ASSERT_TRUE(Turn([&] { return server_.Accept(); }));
    server_.Send(SettingsFrame());
    ASSERT_TRUE(Turn([&] { return client_->status().is_connected; }));
    server_.Send(GrpcHead());
  }
  static std::string Framed(std::string_view message) {
    base::Buffer out;
    http::grpc::AppendMessage(message, out);
    return DataFrame(out.ToString());
  }
  void SendResponse(const test::SotwResponse& response) {
    server_.Send(Framed(response.SerializeAsString()));
  }
  template <typename Done>
  bool Turn(Done is_done) {
    return outrigger::test::TurnUntil(loop_, is_done);
  }
  // After `bytes` the stream ends, what was accepted stays, and a good server is taken again.
  void ExpectAReconnectAfter(std::string_view bytes, std::string_view reason) {
    StartWell();
    server_.Send(bytes);
    ASSERT_TRUE(Turn([&] { return !client_->status().is_connected; }));
    EXPECT_THAT(client_->status().last_failure, HasSubstr(std::string(reason)));
    EXPECT_THAT(applied_.held, ElementsAre(Pair("x", "1")));
    clock_.Advance(base::Milliseconds(500));
    Accept();
    SendResponse(Sotw("2", "b", {{"x", "2"}}));
    ASSERT_TRUE(Turn([&] { return applied_.held["x"] == "2"; }));
  }
  uint64_t Stat(std::string_view name) { return store_.Value(name).value_or(0); }

  base::ManualClock clock_;
  event::Loop loop_{clock_};
  stats::Store store_;
  outrigger::test::RawServer server_;
  test::AppliedTypes applied_;
  CompileThread compile_thread_{loop_};
  XdsOptions options_;
  std::unique_ptr<XdsClient> client_;
};

TEST_F(HostileControlPlane, GarbageFramesCostAReconnect) {
  ExpectAReconnectAfter(std::string(1000, '\xff'), "http2");
}

TEST_F(HostileControlPlane, GarbageProtobufCostsAReconnect) {
  ExpectAReconnectAfter(Framed("\xff\xff\xff\xff"), "4 bytes are no valid");
  EXPECT_EQ(Stat("ads.invalid_response"), 1u);
}

TEST_F(HostileControlPlane, AMessageOverTheLimitCostsAReconnect) {
  ExpectAReconnectAfter(DataFrame(std::string_view("\0\x7f\xff\xff\xff", 5)),
                        "over the limit of 100000");
}

TEST_F(HostileControlPlane, AFloodOfPingsCostsAReconnect) {
  std::string flood;
  for (int i = 0; i < 1500; ++i) flood += PingFrame();
  ExpectAReconnectAfter(flood, "http2.inbound_control_frames_flood");
}

TEST_F(HostileControlPlane, AResetStreamCostsAReconnect) {
  ExpectAReconnectAfter(Frame(3, 0, 1, std::string("\0\0\0\x2", 4)), "http2.remote_reset");
}

TEST_F(HostileControlPlane, ATruncatedMessageCostsAReconnect) {
  ExpectAReconnectAfter(DataFrame(std::string_view("\0\0\0\0\x64xyz", 8), true),
                        "ended the call without a grpc-status");
}

TEST_F(HostileControlPlane, EachFailureDoublesTheWait) {
  StartClient();
  for (const int wait : {250, 500, 1000, 2000}) {
    server_.CloseWithReset();
    ASSERT_TRUE(Turn([&] { return !client_->status().is_connected; }));
    clock_.Advance(base::Milliseconds(wait - 1));
    for (int i = 0; i < 5; ++i) loop_.RunOnce(base::Milliseconds(1));
    EXPECT_FALSE(server_.Accept()) << wait;
    clock_.Advance(base::Milliseconds(1));
    Accept();
  }
}

TEST_F(HostileControlPlane, AFloodOfUpdatesIsReadNoFasterThanItIsCompiled) {
  options_.max_waiting = 4;
  StartWell();
  std::string flood;
  for (int i = 0; i < 200; ++i) {
    flood += Framed(Sotw(std::to_string(i), "n" + std::to_string(i), {{"x", std::to_string(i)}})
                        .SerializeAsString());
  }
  ASSERT_EQ(server_.Send(flood), flood.size());
  ASSERT_TRUE(Turn([&] { return applied_.held["x"] == "199"; }));
  EXPECT_GE(Stat("ads.reading_paused"), 1u);
  EXPECT_TRUE(client_->status().is_connected);
}

TEST_F(HostileControlPlane, EndlessResourcesStopAtTheLimit) {
  options_.limits.count = 10;
  StartWell();
  std::vector<test::Named> many;
  for (int i = 0; i < 100; ++i) many.push_back({"r" + std::to_string(i), "1"});
  SendResponse(Sotw("2", "b", many));
  ASSERT_TRUE(Turn([&] { return Stat("cluster_manager.cds.update_rejected") == 1; }));
  EXPECT_EQ(applied_.held.size(), 9u) << "x went, and its place is free for the next response";
  EXPECT_THAT(client_->Describe()[0].last_refusal, HasSubstr("over the limit of 10 resources"));
}

TEST_F(HostileControlPlane, ADyingClientLeavesACompilationBehind) {
  StartWell();
  std::promise<void> gate;
  compile_thread_.Run([opened = gate.get_future().share()] { opened.wait(); });
  SendResponse(Sotw("2", "b", {{"x", "2"}}));
  ASSERT_TRUE(Turn([&] { return Stat("ads.responses") == 2; }));
  client_.reset();
  gate.set_value();
  bool is_later = false;
  const event::Operation later = compile_thread_.Run([] {}, [&] { is_later = true; });
  ASSERT_TRUE(Turn([&] { return is_later; }));
  EXPECT_THAT(applied_.held, ElementsAre(Pair("x", "1")));
}

}  // namespace
}  // namespace outrigger::xds
