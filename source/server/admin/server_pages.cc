#include "source/server/admin/server_pages.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

#include "envoy/admin/v3/memory.pb.h"
#include "source/base/text.h"
#include "source/server/admin/log_page.h"
#include "source/server/admin/messages.h"
#include "source/server/admin/runtime_page.h"
#include "source/server/version.h"

namespace outrigger::server {
namespace {

google::protobuf::Duration ToMessage(base::Nanoseconds time) {
  google::protobuf::Duration message;
  message.set_seconds(time.count() / 1'000'000'000);  // Envoy shows whole seconds too
  return message;
}

AdminReply ServeReady(const ServerControls& controls) {
  const ServerState state = controls.state();
  const int status = state == envoy::admin::v3::ServerInfo::LIVE ? 200 : 503;
  return AdminReply::Text(base::StrCat(StateName(state), "\n"), status);
}

AdminReply ServeServerInfo(const ServerControls& controls, const ServerFacts& facts) {
  envoy::admin::v3::ServerInfo message;
  message.set_version(VersionText());
  message.set_state(controls.state());
  *message.mutable_uptime_current_epoch() = ToMessage(controls.uptime());
  *message.mutable_uptime_all_epochs() = message.uptime_current_epoch();
  message.set_hot_restart_version("disabled");
  *message.mutable_command_line_options() = facts.command_line;
  *message.mutable_node() = facts.node;
  return MessageReply(message);
}

uint64_t ResidentBytes() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;  // the second number: resident
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

AdminReply ServeMemory() {
  const struct mallinfo2 heap = mallinfo2();
  envoy::admin::v3::Memory message;
  message.set_allocated(heap.uordblks + heap.hblkhd);
  message.set_heap_size(heap.arena + heap.hblkhd);
  message.set_pageheap_free(heap.fordblks);
  message.set_total_physical_bytes(ResidentBytes());
  return MessageReply(message);
}

AdminReply ServeHelp(const Admin& admin) {
  std::string text = "admin pages:\n";
  for (const auto& [path, page] : admin.pages()) {
    base::StrAppend(&text, "  ", path, page.changes ? " (POST)" : "", ": ", page.about, "\n");
    for (const auto& [name, about] : page.parameters) {
      base::StrAppend(&text, "      ", name, ": ", about, "\n");
    }
  }
  return AdminReply::Text(text);
}

void AddReadingPages(Admin& admin, const ServerControls& controls, const ServerFacts& facts) {
  admin.Add({.path = "/ready",
             .about = "200 when the server takes traffic, else 503 and what it does",
             .serve = [&controls](const AdminRequest&) { return ServeReady(controls); }});
  admin.Add({.path = "/server_info",
             .about = "version, state, uptime, command line, node",
             .serve = [&controls, &facts](const AdminRequest&) {
               return ServeServerInfo(controls, facts);
             }});
  admin.Add({.path = "/memory",
             .about = "how much memory the process uses",
             .serve = [](const AdminRequest&) { return ServeMemory(); }});
  admin.Add({.path = "/runtime",
             .about = "runtime values, by layer",
             .serve = [&facts](const AdminRequest&) { return ServeRuntime(facts.runtime); }});
  admin.Add({.path = "/hot_restart_version",
             .about = "always disabled: there is no hot restart",
             .serve = [](const AdminRequest&) { return AdminReply::Text("disabled\n"); }});
  admin.Add({.path = "/help", .about = "this list", .serve = [&admin](const AdminRequest&) {
               return ServeHelp(admin);
             }});
}

void AddChangingPages(Admin& admin, const ServerControls& controls) {
  admin.Add({.path = "/healthcheck/fail",
             .about = "fail health checks, to be taken out of service",
             .changes = true,
             .serve = [&controls](const AdminRequest&) {
               controls.fail_health_check(true);
               return AdminReply::Text("OK\n");
             }});
  admin.Add({.path = "/healthcheck/ok",
             .about = "end what /healthcheck/fail began",
             .changes = true,
             .serve = [&controls](const AdminRequest&) {
               controls.fail_health_check(false);
               return AdminReply::Text("OK\n");
             }});
  admin.Add({.path = "/quitquitquit",
             .about = "end the process",
             .changes = true,
             .serve = [&controls](const AdminRequest&) {
               controls.quit();
               return AdminReply::Text("OK\n");
             }});
  admin.Add({.path = "/reopen_logs",
             .about = "open log files again, after they were rotated",
             .changes = true,
             .serve = [&controls](const AdminRequest&) {
               const absl::Status status = controls.reopen_logs();
               if (status.ok()) return AdminReply::Text("OK\n");
               return AdminReply::Text(base::StrCat(base::StdView(status.message()), "\n"), 500);
             }});
}

}  // namespace

std::string_view StateName(ServerState state) {
  switch (state) {
    case envoy::admin::v3::ServerInfo::LIVE:
      return "LIVE";
    case envoy::admin::v3::ServerInfo::DRAINING:
      return "DRAINING";
    case envoy::admin::v3::ServerInfo::PRE_INITIALIZING:
      return "PRE_INITIALIZING";
    default:
      return "INITIALIZING";
  }
}

void AddServerPages(Admin& admin, const ServerControls& controls, const ServerFacts& facts) {
  AddReadingPages(admin, controls, facts);
  AddChangingPages(admin, controls);
  AddLogPage(admin);
}

}  // namespace outrigger::server
