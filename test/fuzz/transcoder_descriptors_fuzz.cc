// A descriptor set as a control plane may send it, with every service that it names: read or
// refused, and if it is read, a request to each of its templates does no harm.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.pb.h>
#include "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.pb.h"
#include "google/api/annotations.pb.h"
#include "source/base/arena.h"
#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"

namespace outrigger::grpc_json_transcoder {
namespace {

void Call(const Transcoding& transcoding, std::string_view method, std::string_view target) {
  base::Arena arena;
  http::RequestHead head(arena);
  head.method_text = method;
  head.target = target;
  const auto call = transcoding.Understand(head);
  if (!call.ok() || call->rule == nullptr) return;
  const auto message = transcoding.ToMessage(*call->rule, &*call, "a/b", "{}");
  std::string content_type;
  if (message.ok()) (void)transcoding.FromMessage(*call->rule, *message, content_type);
  (void)transcoding.FromMessage(*call->rule, "", content_type);
}

void Run(std::string_view bytes) {
  Transcoding::Config config;
  config.set_proto_descriptor_bin(std::string(bytes));
  config.set_auto_mapping(true);
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromString(config.proto_descriptor_bin())) return;
  for (const auto& file : set.file()) {
    for (const auto& service : file.service()) {
      config.add_services(file.package().empty() ? service.name()
                                                 : file.package() + "." + service.name());
    }
  }
  config::Findings findings;
  const auto transcoding = Transcoding::Read(config, config::Place(findings));
  if (transcoding == nullptr) return;
  for (const auto& file : set.file()) {
    for (const auto& service : file.service()) {
      for (const auto& method : service.method()) {
        const auto& rule = method.options().GetExtension(google::api::http);
        Call(*transcoding, "GET", rule.get());
        Call(*transcoding, "POST", rule.post());
        Call(*transcoding, "POST",
             "/" + file.package() + "." + service.name() + "/" + method.name());
      }
    }
  }
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::grpc_json_transcoder::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
