#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class EnumDescriptor;
class FieldDescriptor;
class FileDescriptor;
class ServiceDescriptor;
namespace util {
class TypeResolver;
}
}  // namespace google::protobuf

namespace outrigger::grpc_json_transcoder {

inline constexpr std::string_view kTypeUrlPrefix = "type.googleapis.com/";

// The messages and services of a descriptor set. google.rpc.Status, google.api.HttpBody and the
// well-known files of google/protobuf/ are there even if the set leaves them out; the latter are
// always ours.
// Thread: any; immutable.
class MessageTypes {
 public:
  // `descriptor_set`: a serialised google.protobuf.FileDescriptorSet. Errors name the file in it
  // and the element.
  static absl::StatusOr<std::unique_ptr<const MessageTypes>> Build(std::string_view descriptor_set);
  ~MessageTypes();

  const google::protobuf::ServiceDescriptor* FindService(const std::string& full_name) const;
  const google::protobuf::Descriptor* FindMessage(const std::string& full_name) const;
  // By the name in the .proto file or the one in JSON; null when there is none.
  const google::protobuf::FieldDescriptor* FindField(const google::protobuf::Descriptor& message,
                                                     std::string_view name) const;
  // For libprotobuf's JSON conversion; answers without locks.
  google::protobuf::util::TypeResolver& resolver() const { return *resolver_; }

 private:
  class Resolver;
  MessageTypes();
  absl::Status AddFiles(std::string_view descriptor_set);
  void IndexFile(const google::protobuf::FileDescriptor& file,
                 google::protobuf::util::TypeResolver& maker);
  void IndexMessage(const google::protobuf::Descriptor& message,
                    google::protobuf::util::TypeResolver& maker);

  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<Resolver> owned_resolver_;
  google::protobuf::util::TypeResolver* resolver_ = nullptr;
  using FieldsByName = absl::flat_hash_map<std::string, const google::protobuf::FieldDescriptor*>;
  absl::flat_hash_map<const google::protobuf::Descriptor*, FieldsByName> fields_;
};

}  // namespace outrigger::grpc_json_transcoder
