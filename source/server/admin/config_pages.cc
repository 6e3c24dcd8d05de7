#include "source/server/admin/config_pages.h"

#include <google/protobuf/descriptor.h>

#include <string>
#include <utility>

#include "envoy/admin/v3/config_dump.pb.h"
#include "envoy/admin/v3/init_dump.pb.h"
#include "source/base/text.h"
#include "source/route/regex.h"
#include "source/server/admin/message_mask.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Dumps = std::vector<std::unique_ptr<Message>>;

absl::StatusOr<DumpSelection> SelectionOf(const AdminRequest& request) {
  DumpSelection selection{.admits = [](std::string_view) { return true; },
                          .includes_endpoints = request.Has("include_eds")};
  // Who asks for the resources by name means them.
  const std::string resource = request.Get("resource").value_or("");
  if (resource.ends_with("endpoint_configs")) selection.includes_endpoints = true;
  const auto pattern = request.Get("name_regex");
  if (!pattern) return selection;
  absl::StatusOr<route::Regex> regex = route::Regex::Compile(*pattern);
  if (!regex.ok()) {
    return base::InvalidArgument("name_regex: ", base::StdView(regex.status().message()));
  }
  selection.admits = [regex = *std::move(regex)](std::string_view name) {
    return regex.FullMatch(name);
  };
  return selection;
}

// Everything, each part cut to the mask. Parts have different fields: those that lack a field of
// the mask are left out.
AdminReply ReplyWithAll(const Dumps& dumps, const std::optional<std::string>& mask) {
  envoy::admin::v3::ConfigDump reply;
  absl::Status first_error;
  for (const auto& dump : dumps) {
    const absl::Status status = mask ? KeepMasked(*mask, *dump) : absl::OkStatus();
    if (status.ok()) {
      reply.add_configs()->PackFrom(*dump);
    } else if (first_error.ok()) {
      first_error = status;
    }
  }
  if (reply.configs().empty() && !first_error.ok()) return BadRequest(first_error);
  return MessageReply(reply);
}

// The elements of one repeated field, such as dynamic_listeners; of a single one, itself.
AdminReply ReplyWithOne(const Dumps& dumps, const std::string& resource,
                        const std::optional<std::string>& mask) {
  for (const auto& dump : dumps) {
    const FieldDescriptor* field = dump->GetDescriptor()->FindFieldByName(resource);
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const auto& reflection = *dump->GetReflection();
    const int count = field->is_repeated() ? reflection.FieldSize(*dump, field)
                                           : reflection.HasField(*dump, field);
    envoy::admin::v3::ConfigDump reply;
    for (int i = 0; i < count; ++i) {
      Message& element = field->is_repeated()
                             ? *reflection.MutableRepeatedMessage(dump.get(), field, i)
                             : *reflection.MutableMessage(dump.get(), field);
      const absl::Status status = mask ? KeepMasked(*mask, element) : absl::OkStatus();
      if (!status.ok()) return BadRequest(status);
      reply.add_configs()->PackFrom(element);
    }
    return MessageReply(reply);
  }
  return AdminReply::Text(
      base::StrCat("resource: unknown value \"", resource,
                   "\"; known: bootstrap, static_clusters, dynamic_active_clusters, "
                   "dynamic_warming_clusters, static_endpoint_configs, dynamic_endpoint_configs, "
                   "static_listeners, dynamic_listeners, static_route_configs, "
                   "dynamic_route_configs, static_secrets, dynamic_active_secrets, "
                   "dynamic_warming_secrets\n"),
      404);
}

AdminReply ServeConfigDump(const ConfigSources& sources, const AdminRequest& request) {
  const absl::StatusOr<DumpSelection> selection = SelectionOf(request);
  if (!selection.ok()) return BadRequest(selection.status());
  Dumps dumps = DumpConfig(sources, *selection);
  const auto resource = request.Get("resource");
  if (!resource) return ReplyWithAll(dumps, request.Get("mask"));
  return ReplyWithOne(dumps, *resource, request.Get("mask"));
}

AdminReply ServeInitDump(const ConfigSources& sources) {
  envoy::admin::v3::UnreadyTargetsDumps reply;
  for (const auto& listing : sources.clusters.Describe()) {
    if (listing.warming == nullptr) continue;
    auto& entry = *reply.add_unready_targets_dumps();
    entry.set_name(base::StrCat("cluster ", listing.name));
    entry.add_target_names(listing.waits_for);
  }
  for (const ListenerSet::Listing& listing : sources.listeners.List()) {
    if (listing.warming == nullptr) continue;
    auto& entry = *reply.add_unready_targets_dumps();
    entry.set_name(base::StrCat("listener ", listing.name));
    for (const std::string& what : listing.waits_for) entry.add_target_names(what);
  }
  return MessageReply(reply);
}

}  // namespace

void AddConfigPages(Admin& admin, const ConfigSources& sources) {
  admin.Add({.path = "/config_dump",
             .about = "the configuration in effect, with what was refused; secrets are redacted",
             .parameters = {{"resource", "only this field, such as dynamic_listeners"},
                            {"mask", "only these fields of it, with commas between"},
                            {"name_regex", "only resources whose whole name matches"},
                            {"include_eds", "endpoints too"}},
             .serve = [&sources](const AdminRequest& request) {
               return ServeConfigDump(sources, request);
             }});
  admin.Add({.path = "/init_dump",
             .about = "clusters and listeners that wait, and for what",
             .serve = [&sources](const AdminRequest&) { return ServeInitDump(sources); }});
}

}  // namespace outrigger::server
