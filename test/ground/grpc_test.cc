// The gRPC library, generated stubs included, carries a call over loopback.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ground/echo.grpc.pb.h"

namespace outrigger {
namespace {

class LoudEcho final : public test::Echo::Service {
  grpc::Status Say(grpc::ServerContext*, const test::EchoRequest* request,
                   test::EchoResponse* response) override {
    response->set_text(request->text() + "!");
    return grpc::Status::OK;
  }
};

TEST(Grpc, CarriesACallToAGeneratedService) {
  LoudEcho service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  const auto stub = test::Echo::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  test::EchoRequest request;
  request.set_text("ahoy");
  test::EchoResponse response;
  const grpc::Status status = stub->Say(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.text(), "ahoy!");
}

}  // namespace
}  // namespace outrigger
