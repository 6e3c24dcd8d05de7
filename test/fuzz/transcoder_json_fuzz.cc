// The first line is a path and query, the rest a body. What they become must be a message of the
// request's type, and come back from its JSON the same; streamed in pieces, the items must be those
// of one piece.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.pb.h"
#include "source/extensions/http_filters/grpc_json_transcoder/json_scanner.h"
#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"
#include "test/extensions/http_filters/grpc_json_transcoder/descriptor_set.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library.pb.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace library = test::library;

const Transcoding& TheLibrary() {
  static const std::unique_ptr<const Transcoding> made = [] {
    Transcoding::Config config;
    config.set_proto_descriptor_bin(
        DescriptorSetOf(*library::Shelf::descriptor()->file()).SerializeAsString());
    config.add_services("outrigger.test.library.Library");
    config.set_auto_mapping(true);
    config.mutable_request_validation_options()->set_reject_unknown_query_parameters(true);
    config.mutable_request_validation_options()->set_reject_binding_body_field_collisions(true);
    config::Findings findings;
    auto read = Transcoding::Read(config, config::Place(findings));
    if (read == nullptr) std::abort();
    return read;
  }();
  return *made;
}

void Translate(std::string_view method, std::string_view target, std::string_view body) {
  base::Arena arena;
  http::RequestHead head(arena);
  head.method_text = method;
  head.target = target;
  const auto call = TheLibrary().Understand(head);
  if (!call.ok() || call->rule == nullptr) return;
  const auto message = TheLibrary().ToMessage(*call->rule, &*call, "text/plain", body);
  if (!message.ok()) return;
  if (call->rule->request != nullptr && call->rule->grpc_path.ends_with("/Search")) {
    library::SearchRequest parsed;
    if (!parsed.ParseFromString(*message)) std::abort();
  }
  // A message may say that it is not to be printed (an Any of a type that is not known).
  const auto json = TheLibrary().codec().Print(*call->rule->request, *message, {});
  if (!json.ok()) return;
  const auto again = TheLibrary().codec().Parse(*call->rule->request, *json, {});
  if (!again.ok()) std::abort();
}

std::string Items(std::string_view text, size_t piece_size) {
  JsonArraySplitter splitter(1000);
  std::string out;
  while (!text.empty()) {
    std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    while (splitter.Take(piece) == JsonArraySplitter::Outcome::kItem) {
      if (!CheckJson(splitter.item()).ok()) std::abort();
      out += splitter.item() + "|";
    }
  }
  return out + (splitter.End().ok() ? "ok" : "wrong");
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrigger::grpc_json_transcoder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  const std::string_view target = text.substr(0, end);
  const std::string_view body =
      end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  for (const std::string_view method : {"GET", "POST", "PUT", "PATCH"}) {
    Translate(method, target, body);
  }
  if (Items(body, body.size()) != Items(body, 1)) std::abort();
  return 0;
}
