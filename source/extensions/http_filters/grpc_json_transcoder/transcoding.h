#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "source/config/place.h"
#include "source/extensions/http_filters/grpc_json_transcoder/json_codec.h"
#include "source/extensions/http_filters/grpc_json_transcoder/message_types.h"
#include "source/extensions/http_filters/grpc_json_transcoder/percent.h"
#include "source/extensions/http_filters/grpc_json_transcoder/rules.h"
#include "source/http/filter.h"

namespace envoy::extensions::filters::http::grpc_json_transcoder::v3 {
class GrpcJsonTranscoder;
}

namespace outrigger::grpc_json_transcoder {

// The configuration of the filter, or of a route for it, compiled.
// Owner: the snapshot of listener or routes.  Thread: any; immutable.
class Transcoding final : public http::RouteFilterConfig {
 public:
  using Config = envoy::extensions::filters::http::grpc_json_transcoder::v3::GrpcJsonTranscoder;
  enum class StreamForm : uint8_t { kArray, kLines, kEvents };
  static constexpr size_t kDefaultMaxBytes = 1024 * 1024;
  static constexpr size_t kMaxQueryParameters = 500;  // above it 400

  // Null when something is wrong, which `place` has then heard.
  static std::unique_ptr<const Transcoding> Read(const Config& config, const config::Place& place);

  // What one request asks for: which rule, and the fields that path and query give.
  struct Call {
    const Rule* rule = nullptr;
    std::string fields;         // as the bytes of a message
    std::string unknown_query;  // an UnknownQueryParams; empty when there is none to pass on
  };
  // Without a rule: not to be transcoded, and nothing is wrong. Errors are for the client;
  // NOT_FOUND where no rule matches and that is to be refused.
  absl::StatusOr<Call> Understand(const http::RequestHead& head) const;

  // The message for the gRPC service: the call's fields and what the body adds. Of a stream's
  // later messages `call` is null.
  absl::StatusOr<std::string> ToMessage(const Rule& rule, const Call* call,
                                        std::string_view content_type, std::string_view body) const;

  // What the client gets of a response message. `content_type` is set where the message brings one.
  absl::StatusOr<std::string> FromMessage(const Rule& rule, std::string_view message,
                                          std::string& content_type) const;

  const JsonCodec& codec() const { return codec_; }
  const JsonPrinting& printing() const { return printing_; }
  size_t max_request_bytes() const { return max_request_bytes_; }
  size_t max_response_bytes() const { return max_response_bytes_; }
  StreamForm stream_form() const { return stream_form_; }
  bool keeps_route() const { return keeps_route_; }
  bool answers_errors_in_json() const { return answers_errors_in_json_; }

 private:
  enum class Unknown : uint8_t { kPass, kRefuse, kIgnore };
  using Captured = std::vector<std::pair<std::string, std::string>>;
  explicit Transcoding(std::unique_ptr<const MessageTypes> types)
      : types_(std::move(types)), codec_(*types_), rules_(*types_) {}
  void ReadOptions(const Config& config, const config::Place& place);
  absl::Status TakePath(const Rules::Match& match, Call& call) const;
  absl::StatusOr<Unknown> TakeQuery(std::string_view query, Call& call, Captured& captured) const;
  absl::Status TakeField(const FieldPath& path, std::string_view text, Call& call) const;

  const std::unique_ptr<const MessageTypes> types_;
  const JsonCodec codec_;
  Rules rules_;
  JsonParsing parsing_;
  JsonPrinting printing_;
  StreamForm stream_form_ = StreamForm::kArray;
  Unescape unescape_ = Unescape::kAllButReserved;
  absl::flat_hash_set<std::string> ignored_query_;
  Unknown unknown_query_ = Unknown::kPass;
  bool captures_query_ = false;
  bool plus_is_space_ = false;
  bool knows_verbs_only_ = true;
  bool refuses_unknown_methods_ = false;
  bool refuses_collisions_ = false;
  bool keeps_route_ = false;
  bool answers_errors_in_json_ = false;
  size_t max_request_bytes_ = kDefaultMaxBytes;
  size_t max_response_bytes_ = kDefaultMaxBytes;
};

}  // namespace outrigger::grpc_json_transcoder
