#include "source/control/references.h"

#include <memory>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include "absl/strings/str_cat.h"
#include "source/config/loading/message_types.h"
#include "source/config/loading/message_walk.h"

namespace outrigger::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct NamingField {
  std::string_view message;
  std::string_view field;
  std::string_view names;
};

constexpr NamingField kNamingFields[] = {
    {"envoy.extensions.filters.network.http_connection_manager.v3.Rds", "route_config_name",
     kRoutes},
    {"envoy.config.route.v3.RouteAction", "cluster", kCluster},
    {"envoy.config.route.v3.RouteAction.RequestMirrorPolicy", "cluster", kCluster},
    {"envoy.config.route.v3.WeightedCluster.ClusterWeight", "name", kCluster},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "cluster", kCluster},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight", "name",
     kCluster},
};

std::string StringField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return message.GetReflection()->GetString(message, field);
}

class Search {
 public:
  void Visit(const Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
      const auto inner = loading::DecodeAny(static_cast<const google::protobuf::Any&>(message));
      if (inner != nullptr) Visit(*inner, path);
      return;
    }
    for (const NamingField& naming : kNamingFields) {
      if (naming.message == type.full_name()) NoteField(message, path, naming);
    }
    if (type.full_name() == kCluster) NoteEndpoints(message);
    loading::ForEachChild(message, [&](const Message& child, const std::string& step) {
      Visit(child, Join(path, step));
    });
  }

  std::vector<Reference> TakeFound() { return std::move(found_); }

 private:
  static std::string Join(const std::string& path, const std::string& step) {
    return path.empty() ? step : absl::StrCat(path, ".", step);
  }

  void NoteField(const Message& message, const std::string& path, const NamingField& naming) {
    const std::string field(naming.field);
    const std::string name = StringField(message, field.c_str());
    if (!name.empty()) found_.push_back({naming.names, name, Join(path, field)});
  }

  // An EDS cluster takes its endpoints under its service name, or else its own name.
  void NoteEndpoints(const Message& cluster) {
    const Descriptor& type = *cluster.GetDescriptor();
    const FieldDescriptor* eds = type.FindFieldByName("eds_cluster_config");
    const FieldDescriptor* discovery = type.FindFieldByName("type");
    if (discovery == nullptr || eds == nullptr) return;
    if (cluster.GetReflection()->GetEnum(cluster, discovery)->name() != "EDS") return;
    std::string name;
    if (cluster.GetReflection()->HasField(cluster, eds)) {
      name = StringField(cluster.GetReflection()->GetMessage(cluster, eds), "service_name");
    }
    found_.push_back({kEndpoints, name.empty() ? StringField(cluster, "name") : name,
                      "eds_cluster_config.service_name"});
  }

  std::vector<Reference> found_;
};

}  // namespace

std::vector<Reference> FindReferences(const Message& resource) {
  Search search;
  search.Visit(resource, "");
  return search.TakeFound();
}

}  // namespace outrigger::control
