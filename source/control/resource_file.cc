#include "source/control/resource_file.h"

#include <memory>
#include <utility>

#include <google/protobuf/descriptor.h>
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "source/config/loading/absl_view.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/message_types.h"
#include "source/control/references.h"

namespace outrigger::control {
namespace {

using google::protobuf::Message;
using loading::Node;

class FileReader {
 public:
  explicit FileReader(const std::string& file) : file_(file) {}

  void ReadDocument(const Node& document) {
    if (document.kind() == Node::Kind::kNull) return;
    const Node* list = document.Find("resources");
    if (list == nullptr || document.Find("@type") != nullptr) return ReadResource(document);
    if (list->kind() != Node::Kind::kList) {
      return Fail(list->position(),
                  absl::StrCat("resources: must be a list, got ", loading::Describe(*list)));
    }
    for (const Node::Entry& entry : document.entries()) {
      if (entry.key == "resources") continue;
      Fail(entry.key_position, absl::StrCat("unknown field \"", entry.key,
                                            "\" beside \"resources\"; remove it: versions and "
                                            "nonces are made by the server"));
    }
    for (const Node& resource : list->items()) ReadResource(resource);
  }

  absl::StatusOr<std::vector<ResourcePtr>> Result() {
    if (!errors_.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
    return std::move(resources_);
  }

 private:
  void Fail(loading::Position position, absl::string_view message) {
    errors_.push_back(absl::StrCat(loading::Locate(file_, position), message));
  }

  void ReadResource(const Node& node) {
    google::protobuf::Any body;
    loading::LoadOptions options;
    options.file = file_;
    if (absl::Status status = loading::LoadMessage(node, body, options); !status.ok()) {
      errors_.emplace_back(status.message());
      return;
    }
    const std::string type_name(loading::TypeName(body.type_url()));
    const std::unique_ptr<Message> message = loading::DecodeAny(body);
    if (message == nullptr || ShortTypeName(type_name) == type_name) {
      return Fail(node.position(), absl::StrCat("@type: ", type_name,
                                                " is not a resource; known: Listener, "
                                                "RouteConfiguration, Cluster, "
                                                "ClusterLoadAssignment, Secret, ..."));
    }
    const char* name_field = type_name == kEndpoints ? "cluster_name" : "name";
    const std::string name = message->GetReflection()->GetString(
        *message, message->GetDescriptor()->FindFieldByName(name_field));
    if (name.empty()) {
      return Fail(node.position(),
                  absl::StrCat(name_field, ": must be set, a resource is known by it"));
    }
    auto resource = std::make_shared<Resource>();
    resource->type_name = type_name;
    resource->name = name;
    resource->version = ContentVersion(body.value());
    body.set_type_url(absl::StrCat("type.googleapis.com/", resource->type_name));
    resource->body = std::move(body);
    resource->references = FindReferences(*message);
    resource->file = file_;
    resource->position = node.position();
    resources_.push_back(std::move(resource));
  }

  const std::string& file_;
  std::vector<ResourcePtr> resources_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::StatusOr<std::vector<ResourcePtr>> ReadResources(std::string_view text,
                                                       const std::string& file) {
  absl::StatusOr<std::vector<Node>> documents = loading::ParseDocuments(text, file);
  if (!documents.ok()) return documents.status();
  FileReader reader(file);
  for (const Node& document : *documents) reader.ReadDocument(document);
  return reader.Result();
}

}  // namespace outrigger::control
