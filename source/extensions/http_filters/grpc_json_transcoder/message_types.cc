#include "source/extensions/http_filters/grpc_json_transcoder/message_types.h"

#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include "google/api/annotations.pb.h"
#include "google/api/httpbody.pb.h"
#include "google/rpc/status.pb.h"
#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxFiles = 10'000;
constexpr const char* kWellKnownFiles[] = {
    "google/protobuf/any.proto",      "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",   "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
};

class ErrorText final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    if (!text_.empty()) return;  // the others mostly follow from the first
    text_ = base::StrCat("file \"", file, "\", \"", element, "\": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Adds the files of a set to a pool, each after those that it imports.
class PoolFiller {
 public:
  PoolFiller(const pb::FileDescriptorSet& set, pb::DescriptorPool& pool) : pool_(pool) {
    for (const char* name : kWellKnownFiles) Lend(name);  // ours go before the set's
    for (const pb::FileDescriptorProto& file : set.file()) files_.emplace(file.name(), &file);
  }

  absl::Status Add(const std::string& name) {
    std::vector<std::pair<std::string, int>> open = {{name, 0}};  // and the import that is next
    while (!open.empty()) {
      auto& [file_name, next] = open.back();
      const pb::FileDescriptorProto* file = Find(file_name);
      if (pool_.FindFileByName(file_name) != nullptr) {
        open.pop_back();
      } else if (file == nullptr) {
        return base::InvalidArgument("import \"", file_name,
                                     "\" is missing; make the set with --include_imports");
      } else if (next < file->dependency_size()) {
        const std::string& import = file->dependency(next++);
        if (pool_.FindFileByName(import) == nullptr) {
          // Each file is opened once, so a circle of imports ends here, and building refuses it.
          if (opened_.insert({import, true}).second) open.emplace_back(import, 0);
        }
      } else {
        ErrorText error;
        if (pool_.BuildFileCollectingErrors(*file, &error) == nullptr) {
          return absl::InvalidArgumentError(error.text());
        }
        built_.push_back(pool_.FindFileByName(file->name()));
        open.pop_back();
      }
    }
    return absl::OkStatus();
  }
  const std::vector<const pb::FileDescriptor*>& built() const { return built_; }

 private:
  const pb::FileDescriptorProto* Find(const std::string& name) {
    if (const auto found = files_.find(name); found != files_.end()) return found->second;
    const bool may_be_lent = name.starts_with("google/protobuf/") ||
                             name.starts_with("google/api/") || name.starts_with("google/rpc/");
    return may_be_lent ? Lend(name) : nullptr;
  }

  // A file that is linked into this binary.
  const pb::FileDescriptorProto* Lend(const std::string& name) {
    const pb::FileDescriptor* own = pb::DescriptorPool::generated_pool()->FindFileByName(name);
    if (own == nullptr) return nullptr;
    lent_.push_back(std::make_unique<pb::FileDescriptorProto>());
    own->CopyTo(lent_.back().get());
    files_.emplace(name, lent_.back().get());
    return lent_.back().get();
  }

  pb::DescriptorPool& pool_;
  absl::flat_hash_map<std::string, const pb::FileDescriptorProto*> files_;
  absl::flat_hash_map<std::string, bool> opened_;
  std::vector<std::unique_ptr<pb::FileDescriptorProto>> lent_;
  std::vector<const pb::FileDescriptor*> built_;
};

}  // namespace

// Types as libprotobuf's converter wants them, made once: the resolver that comes with libprotobuf
// makes each anew for every message it converts.
class MessageTypes::Resolver final : public pb::util::TypeResolver {
 public:
  void AddMessage(const pb::Descriptor& message, TypeResolver& maker) {
    pb::Type type;
    if (maker.ResolveMessageType(Url(message.full_name()), &type).ok()) {
      messages_.emplace(message.full_name(), std::move(type));
    }
  }
  void AddEnum(const pb::EnumDescriptor& descriptor, TypeResolver& maker) {
    pb::Enum type;
    if (maker.ResolveEnumType(Url(descriptor.full_name()), &type).ok()) {
      enums_.emplace(descriptor.full_name(), std::move(type));
    }
  }

  pb::util::Status ResolveMessageType(const std::string& type_url, pb::Type* type) override {
    return Answer(messages_, type_url, type);
  }
  pb::util::Status ResolveEnumType(const std::string& type_url, pb::Enum* type) override {
    return Answer(enums_, type_url, type);
  }

 private:
  static std::string Url(const std::string& name) { return base::StrCat(kTypeUrlPrefix, name); }

  template <typename Type>
  static pb::util::Status Answer(const absl::flat_hash_map<std::string, Type>& types,
                                 const std::string& type_url, Type* type) {
    const std::string_view url = type_url;
    const auto found = types.find(base::AbslView(url.substr(url.find_last_of('/') + 1)));
    if (found == types.end()) {
      return pb::util::NotFoundError("type \"" + type_url + "\" is not in the descriptor set");
    }
    *type = found->second;
    return {};
  }

  absl::flat_hash_map<std::string, pb::Type> messages_;
  absl::flat_hash_map<std::string, pb::Enum> enums_;
};

MessageTypes::MessageTypes()
    : pool_(std::make_unique<pb::DescriptorPool>()),
      owned_resolver_(std::make_unique<Resolver>()),
      resolver_(owned_resolver_.get()) {}

MessageTypes::~MessageTypes() = default;

absl::StatusOr<std::unique_ptr<const MessageTypes>> MessageTypes::Build(
    std::string_view descriptor_set) {
  // So that the linker keeps them, and the annotation is read as one.
  pb::LinkMessageReflection<google::api::HttpBody>();
  pb::LinkMessageReflection<google::rpc::Status>();
  std::unique_ptr<MessageTypes> types(new MessageTypes);
  if (absl::Status status = types->AddFiles(descriptor_set); !status.ok()) return status;
  return std::unique_ptr<const MessageTypes>(std::move(types));
}

absl::Status MessageTypes::AddFiles(std::string_view descriptor_set) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return base::InvalidArgument("is no serialised google.protobuf.FileDescriptorSet");
  }
  if (set.file_size() > kMaxFiles) {
    return base::InvalidArgument("has ", set.file_size(), " files; the limit is ", kMaxFiles);
  }
  PoolFiller filler(set, *pool_);
  // libprotobuf's converter knows these types by heart: they must be what it thinks.
  for (const char* name : kWellKnownFiles) {
    if (absl::Status status = filler.Add(name); !status.ok()) return status;
  }
  for (const pb::FileDescriptorProto& file : set.file()) {
    if (absl::Status status = filler.Add(file.name()); !status.ok()) return status;
  }
  for (const auto& [message, file] :
       {std::pair("google.rpc.Status", "google/rpc/status.proto"),
        std::pair("google.api.HttpBody", "google/api/httpbody.proto")}) {
    if (pool_->FindMessageTypeByName(message) != nullptr) continue;
    if (absl::Status status = filler.Add(file); !status.ok()) return status;
    if (pool_->FindMessageTypeByName(message) == nullptr) {
      return base::InvalidArgument("file \"", file, "\" does not define ", message);
    }
  }
  const std::unique_ptr<pb::util::TypeResolver> maker(
      pb::util::NewTypeResolverForDescriptorPool("type.googleapis.com", pool_.get()));
  for (const pb::FileDescriptor* file : filler.built()) IndexFile(*file, *maker);
  return absl::OkStatus();
}

void MessageTypes::IndexFile(const pb::FileDescriptor& file, pb::util::TypeResolver& maker) {
  for (int i = 0; i < file.message_type_count(); ++i) IndexMessage(*file.message_type(i), maker);
  for (int i = 0; i < file.enum_type_count(); ++i) {
    owned_resolver_->AddEnum(*file.enum_type(i), maker);
  }
}

void MessageTypes::IndexMessage(const pb::Descriptor& message, pb::util::TypeResolver& maker) {
  const auto [entry, is_new] = fields_.try_emplace(&message);
  if (!is_new) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    entry->second.emplace(field.name(), &field);
    entry->second.emplace(field.json_name(), &field);
  }
  owned_resolver_->AddMessage(message, maker);
  for (int i = 0; i < message.enum_type_count(); ++i) {
    owned_resolver_->AddEnum(*message.enum_type(i), maker);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    IndexMessage(*message.nested_type(i), maker);
  }
}

const pb::ServiceDescriptor* MessageTypes::FindService(const std::string& full_name) const {
  return pool_->FindServiceByName(full_name);
}

const pb::Descriptor* MessageTypes::FindMessage(const std::string& full_name) const {
  return pool_->FindMessageTypeByName(full_name);
}

const pb::FieldDescriptor* MessageTypes::FindField(const pb::Descriptor& message,
                                                   std::string_view name) const {
  const auto names = fields_.find(&message);
  if (names == fields_.end()) return nullptr;
  const auto field = names->second.find(base::AbslView(name));
  return field == names->second.end() ? nullptr : field->second;
}

}  // namespace outrigger::grpc_json_transcoder
