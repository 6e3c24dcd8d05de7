#include "source/server/admin/listener_pages.h"

#include <string>
#include <utility>

#include "envoy/admin/v3/listeners.pb.h"
#include "source/base/text.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

AdminReply ServeText(const ListenerSet& listeners) {
  std::string text;
  for (const ListenerSet::Listing& listing : listeners.List()) {
    if (listing.active == nullptr) continue;
    for (const net::Address& address : listing.addresses) {
      base::StrAppend(&text, listing.name, "::", address.ToString(), "\n");
    }
  }
  return AdminReply::Text(text);
}

AdminReply ServeJson(const ListenerSet& listeners) {
  envoy::admin::v3::Listeners message;
  for (const ListenerSet::Listing& listing : listeners.List()) {
    if (listing.active == nullptr) continue;
    auto& status = *message.add_listener_statuses();
    status.set_name(listing.name);
    for (size_t i = 0; i < listing.addresses.size(); ++i) {
      auto& address =
          i == 0 ? *status.mutable_local_address() : *status.add_additional_local_addresses();
      address = ToMessage(listing.addresses[i]);
    }
  }
  return MessageReply(message);
}

AdminReply Drain(const AdminRequest& request,
                 const std::function<void(const DrainRequest&)>& drain) {
  const DrainRequest wanted{
      .which = request.Has("inboundonly") ? ListenerSet::Which::kInbound : ListenerSet::Which::kAll,
      .is_graceful = request.Has("graceful"),
      .keeps_accepting = request.Has("skip_exit")};
  if (wanted.keeps_accepting && !wanted.is_graceful) {
    return BadRequest(base::InvalidArgument("skip_exit: has a meaning only beside graceful"));
  }
  drain(wanted);
  return AdminReply::Text("OK\n");
}

}  // namespace

void AddListenerPages(Admin& admin, const ListenerSet& listeners,
                      std::function<void(const DrainRequest&)> drain) {
  admin.Add({.path = "/listeners",
             .about = "listeners that serve, and their addresses",
             .parameters = {{"format", "text (default) or json"}},
             .serve = [&listeners](const AdminRequest& request) {
               const absl::StatusOr<bool> json = WantsJson(request);
               if (!json.ok()) return BadRequest(json.status());
               return *json ? ServeJson(listeners) : ServeText(listeners);
             }});
  admin.Add({.path = "/drain_listeners",
             .about = "stop accepting connections",
             .parameters = {{"graceful", "first let connections end for the drain time"},
                            {"skip_exit", "with graceful: go on accepting all the same"},
                            {"inboundonly", "only listeners with traffic_direction INBOUND"}},
             .changes = true,
             .serve = [drain = std::move(drain)](const AdminRequest& request) {
               return Drain(request, drain);
             }});
}

}  // namespace outrigger::server
