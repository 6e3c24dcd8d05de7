// The gRPC C++ library as a server of calls.proto: calls_server [PORT]. It prints "listening PORT"
// once it is ready, and "cancelled METHOD" for each call that its caller gave up; it ends with
// SIGTERM.

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "test/peers/calls.grpc.pb.h"
#include "test/peers/credentials.h"

namespace outrigger::test {
namespace {

using grpc::ServerContext;
using grpc::Status;

void Say(const char* what, const std::string& value) {
  std::printf("%s %s\n", what, value.c_str());
  std::fflush(stdout);
}

// Sends back what the caller put into x-echo (as a head) and x-echo-bin (as a trailer).
void EchoMetadata(ServerContext& context) {
  for (const auto& [name, value] : context.client_metadata()) {
    const std::string key(name.data(), name.size());
    if (key == "x-echo") context.AddInitialMetadata(key, std::string(value.data(), value.size()));
    if (key == "x-echo-bin") {
      context.AddTrailingMetadata(key, std::string(value.data(), value.size()));
    }
  }
}

// Until the caller gives up or its deadline passes.
Status WaitForTheEnd(ServerContext& context, const char* method) {
  while (!context.IsCancelled()) {
    gpr_sleep_until(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(5, GPR_TIMESPAN)));
  }
  Say("cancelled", method);
  return Status::CANCELLED;
}

Status Ended(const Ask& ask) {
  if (ask.code() == 0) return Status::OK;
  return Status(static_cast<grpc::StatusCode>(ask.code()), ask.message());
}

void Count(const Ask& ask, Answer& answer) {
  answer.set_asks(answer.asks() + 1);
  answer.set_ask_bytes(answer.ask_bytes() + ask.payload().size());
  answer.set_payload(std::string(ask.answer_bytes(), 'a'));
}

class CallsService final : public Calls::Service {
  Status Unary(ServerContext* context, const Ask* ask, Answer* answer) override {
    EchoMetadata(*context);
    if (ask->waits()) return WaitForTheEnd(*context, "Unary");
    Count(*ask, *answer);
    return Ended(*ask);
  }

  Status Upload(ServerContext* context, grpc::ServerReader<Ask>* reader, Answer* answer) override {
    EchoMetadata(*context);
    Ask ask;
    while (reader->Read(&ask)) {
      Count(ask, *answer);
      if (ask.code() != 0) return Ended(ask);  // early: the caller may still be sending
    }
    if (context->IsCancelled()) Say("cancelled", "Upload");
    return Status::OK;
  }

  Status Download(ServerContext* context, const Ask* ask,
                  grpc::ServerWriter<Answer>* writer) override {
    EchoMetadata(*context);
    Answer answer;
    Count(*ask, answer);
    for (uint32_t i = 0; i < ask->answers(); ++i) {
      if (!writer->Write(answer)) break;
    }
    if (ask->waits()) return WaitForTheEnd(*context, "Download");
    return Ended(*ask);
  }

  Status Chat(ServerContext* context, grpc::ServerReaderWriter<Answer, Ask>* stream) override {
    EchoMetadata(*context);
    Ask ask;
    Answer answer;
    while (stream->Read(&ask)) {
      if (ask.waits()) return WaitForTheEnd(*context, "Chat");
      Count(ask, answer);
      if (!stream->Write(answer)) break;
      if (ask.code() != 0) return Ended(ask);
    }
    if (context->IsCancelled()) Say("cancelled", "Chat");
    return Status::OK;
  }
};

int Serve(const std::string& wanted_port) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // before gRPC starts its threads: they inherit it

  CallsService service;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:" + wanted_port, ServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "calls_server: cannot listen on 127.0.0.1\n");
    return 1;
  }
  Say("listening", std::to_string(port));
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
  return 0;
}

}  // namespace
}  // namespace outrigger::test

int main(int argc, char** argv) { return outrigger::test::Serve(argc > 1 ? argv[1] : "0"); }
