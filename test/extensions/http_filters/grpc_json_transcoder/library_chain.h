#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/text_format.h>
#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/runtime_values.h"
#include "source/extensions/http_filters/grpc_json_transcoder/grpc_json_transcoder.h"
#include "source/http/grpc/message_reader.h"
#include "test/config/from_yaml.h"
#include "test/extensions/http_filters/grpc_json_transcoder/descriptor_set.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library.pb.h"
#include "test/harness/filter_harness.h"

namespace outrigger::grpc_json_transcoder {

namespace library = test::library;

// What a factory may use.
class Surroundings {
 public:
  config::FactoryContext& context() { return context_; }

 private:
  config::RuntimeValues runtime_;
  base::ManualClock clock_;
  stats::Store stats_;
  config::FactoryContext context_{clock_, stats_, "edge", runtime_};
};

inline constexpr char kLibrary[] = "outrigger.test.library.Library";

// The Library with its descriptor set, and `yaml` beside.
inline Config LibraryConfig(std::string_view yaml = "{}") {
  auto config = config::FromYaml<Config>(yaml);
  config.set_proto_descriptor_bin(
      DescriptorSetOf(*library::Shelf::descriptor()->file()).SerializeAsString());
  config.add_services(kLibrary);
  return config;
}

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline std::string Framed(const google::protobuf::Message& message) {
  base::Buffer out;
  http::grpc::AppendMessage(message.SerializeAsString(), out);
  return out.ToString();
}

// The messages in the body of a gRPC stream, each as one line of text format.
template <typename Message>
std::vector<std::string> MessagesIn(std::string_view body) {
  std::vector<std::string> out;
  base::Buffer buffer;
  buffer.Append(body);
  http::grpc::MessageReader reader;
  reader.Append(buffer);
  while (true) {
    auto next = reader.Next();
    EXPECT_TRUE(next.ok()) << next.status().message();
    if (!next.ok() || !*next) break;
    Message message;
    EXPECT_TRUE(message.ParseFromString(**next));
    out.push_back(message.ShortDebugString());
  }
  EXPECT_EQ(reader.pending_bytes(), 0);
  return out;
}

inline const testing::HeaderList kGrpcHead = {{"content-type", "application/grpc"}};
inline const testing::HeaderList kOk = {{"grpc-status", "0"}};

// A chain with one transcoder in front of the Library.
class LibraryChain {
 public:
  explicit LibraryChain(std::string_view yaml = "{}") : chain_(MakeFilter(LibraryConfig(yaml))) {
    chain_.AnswerLater();
  }

  testing::FilterHarness* operator->() { return &chain_; }

  // Sends a request with an optional body, in one piece.
  const testing::Reply& Send(std::string_view line, std::string_view body = {},
                             const testing::HeaderList& headers = {}) {
    chain_.Begin(line, headers, body.empty());
    if (!body.empty()) chain_.Body(body, true);
    chain_.Turn();
    return chain_.reply();
  }

  // The single message that a request becomes; an error or a pass as text.
  template <typename Message>
  std::string Sent(std::string_view line, std::string_view body = {},
                   const testing::HeaderList& headers = {}) {
    const testing::Reply& reply = Send(line, body, headers);
    if (reply.has_head) return base::StrCat(reply.status, " ", reply.body);
    if (chain_.forwarded().Header("content-type") != "application/grpc") return "passed";
    EXPECT_TRUE(chain_.forwarded().is_complete);
    const auto messages = MessagesIn<Message>(chain_.forwarded().body);
    EXPECT_EQ(messages.size(), 1);
    return messages.empty() ? "" : messages.front();
  }

  // Answers the request that was sent last as a gRPC server does.
  const testing::Reply& Answer(const google::protobuf::Message& message,
                               const testing::HeaderList& trailers = kOk) {
    auto endpoint = chain_.endpoint();
    endpoint.Head(200, kGrpcHead);
    endpoint.Body(Framed(message));
    endpoint.Trailers(trailers);
    chain_.Turn();
    return chain_.reply();
  }
  const testing::Reply& AnswerError(const testing::HeaderList& status) {
    testing::HeaderList head = kGrpcHead;
    head.insert(head.end(), status.begin(), status.end());
    chain_.endpoint().Head(200, head, true);
    chain_.Turn();
    return chain_.reply();
  }

  config::RouteFilterConfigPtr OfRoute(const Config& config) {
    auto made = CreateForRoute(config, surroundings_.context());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *std::move(made) : nullptr;
  }

 private:
  http::HttpFilterFactory MakeFilter(const Config& config) {
    auto made = Create(config, surroundings_.context());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }

  Surroundings surroundings_;
  testing::FilterHarness chain_;
};

}  // namespace outrigger::grpc_json_transcoder
