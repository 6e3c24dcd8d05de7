// The gRPC C++ library as a client of calls.proto: calls_client TARGET CASE [MIB]
// Runs one case, checks what came back, and exits with 0, or with 1 and a line that says what
// differs.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "test/peers/calls.grpc.pb.h"
#include "test/peers/credentials.h"

namespace outrigger::test {
namespace {

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

constexpr size_t kMib = 1 << 20;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "calls_client: %s\n", what.c_str());
  std::exit(1);
}

void Expect(bool claim, const std::string& what) {
  if (!claim) Fail("expected: " + what);
}

void ExpectStatus(const Status& status, StatusCode code, const std::string& message = "") {
  if (status.error_code() == code && (message.empty() || status.error_message() == message)) return;
  Fail("expected status " + std::to_string(code) + " " + message + ", got " +
       std::to_string(status.error_code()) + " " + status.error_message());
}

void ExpectOk(const Status& status) { ExpectStatus(status, StatusCode::OK); }

// What each case gets: the service, and a size that only the streams of bytes look at.
struct Run {
  Calls::Stub& stub;
  size_t mib;
};

Ask Question(size_t payload_bytes, uint32_t answer_bytes = 0) {
  Ask ask;
  ask.set_payload(std::string(payload_bytes, 'q'));
  ask.set_answer_bytes(answer_bytes);
  return ask;
}

// No case may hang: each call has a deadline, far away.
void Patience(ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

// -- the four shapes
// -------------------------------------------------------------------------------

void AskOnce(const Run& run, size_t payload_bytes, uint32_t answer_bytes) {
  ClientContext context;
  Patience(context);
  Answer answer;
  ExpectOk(run.stub.Unary(&context, Question(payload_bytes, answer_bytes), &answer));
  Expect(answer.asks() == 1 && answer.ask_bytes() == payload_bytes, "the whole question arrived");
  Expect(answer.payload() == std::string(answer_bytes, 'a'), "the whole answer arrived");
}

void Unary(const Run& run) { AskOnce(run, 271828, 314159); }
void EmptyUnary(const Run& run) { AskOnce(run, 0, 0); }
void LargeUnary(const Run& run) { AskOnce(run, 16 * kMib, 16 * kMib); }

void Upload(const Run& run) {
  ClientContext context;
  Patience(context);
  Answer answer;
  const auto writer = run.stub.Upload(&context, &answer);
  uint64_t sent = 0;
  for (size_t i = 0; i < 300; ++i) {
    Expect(writer->Write(Question(i * 37)), "every question can be sent");
    sent += i * 37;
  }
  writer->WritesDone();
  ExpectOk(writer->Finish());
  Expect(answer.asks() == 300 && answer.ask_bytes() == sent, "all 300 questions arrived");
}

void Download(const Run& run) {
  ClientContext context;
  Patience(context);
  Ask ask = Question(10, 5000);
  ask.set_answers(300);
  const auto reader = run.stub.Download(&context, ask);
  Answer answer;
  size_t answers = 0;
  while (reader->Read(&answer)) {
    Expect(answer.payload().size() == 5000, "each answer is whole");
    ++answers;
  }
  ExpectOk(reader->Finish());
  Expect(answers == 300, "300 answers, got " + std::to_string(answers));
}

// One question after the other: each answer comes before the next question is asked.
void Chat(const Run& run) {
  ClientContext context;
  Patience(context);
  const auto stream = run.stub.Chat(&context);
  Answer answer;
  for (uint64_t i = 1; i <= 200; ++i) {
    Expect(stream->Write(Question(i, i)), "every question can be sent");
    Expect(stream->Read(&answer) && answer.asks() == i,
           "question " + std::to_string(i) + " is answered");
    Expect(answer.payload().size() == i, "the answer is whole");
  }
  stream->WritesDone();
  Expect(!stream->Read(&answer), "nothing after the last answer");
  ExpectOk(stream->Finish());
}

// The client ends its side first, and all answers still come.
void HalfClose(const Run& run) {
  ClientContext context;
  Patience(context);
  const auto stream = run.stub.Chat(&context);
  for (int i = 0; i < 50; ++i)
    Expect(stream->Write(Question(10, 10)), "every question can be sent");
  stream->WritesDone();
  Answer answer;
  while (stream->Read(&answer)) {
  }
  ExpectOk(stream->Finish());
  Expect(answer.asks() == 50, "50 answers after the half-close");
}

// -- how calls end
// ---------------------------------------------------------------------------------

void Deadline(const Run& run) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  Ask ask;
  ask.set_waits(true);
  Answer answer;
  ExpectStatus(run.stub.Unary(&context, ask, &answer), StatusCode::DEADLINE_EXCEEDED);
}

void CancelChat(const Run& run) {
  ClientContext context;
  const auto stream = run.stub.Chat(&context);
  Answer answer;
  Expect(stream->Write(Question(1, 1)) && stream->Read(&answer), "the first question is answered");
  context.TryCancel();
  ExpectStatus(stream->Finish(), StatusCode::CANCELLED);
}

void CancelDownload(const Run& run) {
  ClientContext context;
  Ask ask = Question(1, 100);
  ask.set_answers(1);
  ask.set_waits(true);
  const auto reader = run.stub.Download(&context, ask);
  Answer answer;
  Expect(reader->Read(&answer), "the first answer comes");
  context.TryCancel();
  ExpectStatus(reader->Finish(), StatusCode::CANCELLED);
}

constexpr char kOddMessage[] = "n\xc3\xa9 \xe2\x98\x83 100% \t of it";

void StatusAndMessage(const Run& run) {
  ClientContext context;
  Patience(context);
  Ask ask;
  ask.set_code(StatusCode::NOT_FOUND);
  ask.set_message(kOddMessage);
  Answer answer;
  ExpectStatus(run.stub.Unary(&context, ask, &answer), StatusCode::NOT_FOUND, kOddMessage);
}

void StatusAfterAnswers(const Run& run) {
  ClientContext context;
  Patience(context);
  Ask ask = Question(1, 10);
  ask.set_answers(3);
  ask.set_code(StatusCode::RESOURCE_EXHAUSTED);
  ask.set_message("no more");
  const auto reader = run.stub.Download(&context, ask);
  Answer answer;
  int answers = 0;
  while (reader->Read(&answer)) ++answers;
  Expect(answers == 3, "three answers before the end");
  ExpectStatus(reader->Finish(), StatusCode::RESOURCE_EXHAUSTED, "no more");
}

// The server ends the call while the client is still sending.
void EarlyStatus(const Run& run) {
  ClientContext context;
  Patience(context);
  Answer answer;
  const auto writer = run.stub.Upload(&context, &answer);
  Ask ask = Question(100000);
  ask.set_code(StatusCode::PERMISSION_DENIED);
  ask.set_message("enough");
  while (writer->Write(ask)) {
  }
  ExpectStatus(writer->Finish(), StatusCode::PERMISSION_DENIED, "enough");
}

// -- metadata, compression, size, number
// ------------------------------------------------------------

void Metadata(const Run& run) {
  ClientContext context;
  Patience(context);
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  context.AddMetadata("x-echo", "first");
  context.AddMetadata("x-echo", "second, with comma");
  context.AddMetadata("x-echo-bin", bytes);
  Answer answer;
  ExpectOk(run.stub.Unary(&context, Question(1), &answer));
  const auto& head = context.GetServerInitialMetadata();
  std::vector<std::string> seen;
  for (auto [at, end] = head.equal_range("x-echo"); at != end; ++at) {
    seen.emplace_back(at->second.data(), at->second.size());
  }
  std::sort(seen.begin(), seen.end());
  Expect(seen == std::vector<std::string>{"first", "second, with comma"}, "both values of x-echo");
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto binary = trailers.find("x-echo-bin");
  Expect(binary != trailers.end(), "x-echo-bin in the trailers");
  Expect(std::string(binary->second.data(), binary->second.size()) == bytes,
         "all 256 bytes of x-echo-bin");
}

void Gzip(const Run& run) {
  ClientContext context;
  Patience(context);
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  Answer answer;
  ExpectOk(run.stub.Unary(&context, Question(500000, 500000), &answer));
  Expect(answer.ask_bytes() == 500000 && answer.payload().size() == 500000, "both are whole");
}

void StreamUp(const Run& run) {
  ClientContext context;
  Patience(context);
  Answer answer;
  const auto writer = run.stub.Upload(&context, &answer);
  const Ask ask = Question(kMib);
  for (size_t i = 0; i < run.mib; ++i) Expect(writer->Write(ask), "every message can be sent");
  writer->WritesDone();
  ExpectOk(writer->Finish());
  Expect(answer.ask_bytes() == run.mib * kMib, "every byte arrived");
}

void StreamDown(const Run& run) {
  ClientContext context;
  Patience(context);
  Ask ask = Question(0, kMib);
  ask.set_answers(run.mib);
  const auto reader = run.stub.Download(&context, ask);
  Answer answer;
  size_t bytes = 0;
  while (reader->Read(&answer)) bytes += answer.payload().size();
  ExpectOk(reader->Finish());
  Expect(bytes == run.mib * kMib, "every byte arrived");
}

void Many(const Run& run) {
  std::vector<std::thread> callers;
  for (int i = 0; i < 64; ++i) {
    callers.emplace_back([&run] {
      for (int call = 0; call < 10; ++call) AskOnce(run, 1000, 2000);
      Chat(run);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// --------------------------------------------------------------------------------------------------

const std::map<std::string, std::function<void(const Run&)>>& Cases() {
  static const auto& cases = *new std::map<std::string, std::function<void(const Run&)>>{
      {"cancel_chat", CancelChat},
      {"cancel_download", CancelDownload},
      {"chat", Chat},
      {"deadline", Deadline},
      {"download", Download},
      {"early_status", EarlyStatus},
      {"empty_unary", EmptyUnary},
      {"gzip", Gzip},
      {"half_close", HalfClose},
      {"large_unary", LargeUnary},
      {"many", Many},
      {"metadata", Metadata},
      {"status_after_answers", StatusAfterAnswers},
      {"status_and_message", StatusAndMessage},
      {"stream_down", StreamDown},
      {"stream_up", StreamUp},
      {"unary", Unary},
      {"upload", Upload},
  };
  return cases;
}

int Main(int argc, char** argv) {
  const auto found = argc < 3 ? Cases().end() : Cases().find(argv[2]);
  if (found == Cases().end()) {
    std::fprintf(stderr, "calls_client TARGET CASE [MIB]; cases:");
    for (const auto& [name, unused] : Cases()) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // what fails shows
  const auto stub =
      Calls::NewStub(grpc::CreateCustomChannel(argv[1], ClientCredentials(), arguments));
  found->second({*stub, argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 64});
  std::printf("%s: as expected\n", argv[2]);
  return 0;
}

}  // namespace
}  // namespace outrigger::test

int main(int argc, char** argv) { return outrigger::test::Main(argc, argv); }
