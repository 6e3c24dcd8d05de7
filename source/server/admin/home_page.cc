#include "source/server/admin/home_page.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "source/base/text.h"
#include "source/server/admin/cluster_pages.h"
#include "source/server/admin/home_style.h"
#include "source/server/admin/html.h"
#include "source/server/version.h"

namespace outrigger::server {
namespace {

using xds::ClientStatus;
using xds::ResourceDescription;

// Longer tables are for /clusters and /config_dump.
constexpr size_t kMostRows = 200;

// "41 s", "7 min", "3 h 20 min", "12 d 4 h"
std::string DurationText(int64_t seconds) {
  seconds = std::max<int64_t>(seconds, 0);
  if (seconds < 120) return base::StrCat(seconds, " s");
  if (seconds < 7200) return base::StrCat(seconds / 60, " min");
  const int64_t hours = seconds / 3600;
  if (hours < 48) return base::StrCat(hours, " h ", seconds % 3600 / 60, " min");
  return base::StrCat(hours / 24, " d ", hours % 24, " h");
}

std::string TimeText(absl::Time time, absl::Time now) {
  return base::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::UTCTimeZone()), " UTC, ",
                      DurationText(absl::ToInt64Seconds(now - time)), " ago");
}

void AppendMore(size_t count, Html& out) {
  if (count <= kMostRows) return;
  out.Markup("<p class=quiet>and ").Text(count - kMostRows).Markup(" more</p>");
}

// --- the process -------------------------------------------------------------------------------

void AppendHead(const HomeSources& sources, Html& out) {
  const ServerState state = sources.controls.state();
  const bool is_live = state == envoy::admin::v3::ServerInfo::LIVE;
  out.Markup(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
      "<meta name=viewport content=\"width=device-width\"><title>Outrigger: ");
  out.Text(StateName(state)).Markup("</title><style>").Markup(kHomeStyle);
  out.Markup("</style></head>\n<body><header><h1>Outrigger</h1> ");
  if (is_live) {
    out.Markup("<b class=good>");
  } else {
    out.Markup("<b class=bad>");
  }
  out.Text(StateName(state)).Markup("</b></header>\n<dl>");
  out.Markup("<div><dt>version</dt><dd>").Text(kVersion).Markup("</dd></div>");
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(sources.controls.uptime());
  out.Markup("<div><dt>up for</dt><dd>").Text(DurationText(uptime.count())).Markup("</dd></div>");
  out.Markup("<div><dt>client connections</dt><dd>")
      .Text(sources.connections.used.load(std::memory_order_relaxed))
      .Markup("</dd></div>");
  out.Markup("<div><dt>workers</dt><dd>")
      .Text(sources.facts.command_line.concurrency())
      .Markup("</dd></div>");
  out.Markup("<div><dt>node</dt><dd>").Text(sources.facts.node.id()).Markup("</dd></div>");
  out.Markup("<div><dt>node cluster</dt><dd>").Text(sources.facts.node.cluster());
  out.Markup("</dd></div></dl>\n");
}

std::vector<std::string> WaitingLines(const HomeSources& sources) {
  std::vector<std::string> lines = sources.waiting();
  for (const auto& listing : sources.config.clusters.Describe()) {
    if (listing.warming == nullptr) continue;
    lines.push_back(base::StrCat("cluster ", listing.name, " waits for ", listing.waits_for));
  }
  for (const ListenerSet::Listing& listing : sources.config.listeners.List()) {
    if (listing.warming == nullptr) continue;
    for (const std::string& what : listing.waits_for) {
      lines.push_back(base::StrCat("listener ", listing.name, " waits for ", what));
    }
  }
  return lines;
}

void AppendWaiting(const HomeSources& sources, Html& out) {
  const std::vector<std::string> lines = WaitingLines(sources);
  if (lines.empty()) return;
  out.Markup("<h2>Waiting</h2><ul>");
  for (size_t i = 0; i < std::min(lines.size(), kMostRows); ++i) {
    out.Markup("<li>").Text(lines[i]).Markup("</li>");
  }
  out.Markup("</ul>");
  AppendMore(lines.size(), out);
}

// --- xDS ---------------------------------------------------------------------------------------

std::string_view StatusText(ClientStatus status) {
  switch (status) {
    case ClientStatus::kRequested:
      return "requested";
    case ClientStatus::kDoesNotExist:
      return "does not exist";
    case ClientStatus::kAcked:
      return "accepted";
    case ClientStatus::kNacked:
      return "refused";
    case ClientStatus::kTimeout:
      return "did not come in time";
  }
  return "";
}

bool IsServed(const ResourceDescription& resource) { return !resource.body.type_url().empty(); }

// Version and age of what serves, then what was refused since.
void AppendResource(const ResourceDescription& resource, absl::Time now, Html& out) {
  out.Markup("<tr>").Cell(resource.name);
  if (resource.refused) {
    out.Markup("<td class=bad>");
  } else {
    out.Markup("<td>");
  }
  out.Text(StatusText(resource.status)).Markup("</td>");
  if (IsServed(resource)) {
    out.Cell(resource.version).Cell(TimeText(resource.last_updated, now));
  } else {
    out.Markup("<td class=quiet>none serves</td><td></td>");
  }
  out.Markup("</tr>\n");
  if (!resource.refused) return;
  out.Markup("<tr><td></td><td colspan=3>refused version ").Text(resource.refused->version);
  out.Markup(" at ").Text(TimeText(resource.refused->time, now));
  out.Markup("<pre>").Text(resource.refused->details).Markup("</pre></td></tr>\n");
}

// "type.googleapis.com/envoy.config.cluster.v3.Cluster" -> "Cluster"
std::string_view ShortType(std::string_view type_url) {
  return type_url.substr(type_url.rfind('.') + 1);
}

// What is wrong comes first, then what is newest.
void SortForPeople(std::vector<ResourceDescription>& resources) {
  std::stable_sort(resources.begin(), resources.end(), [](const auto& a, const auto& b) {
    const bool a_is_fine = a.status == ClientStatus::kAcked;
    const bool b_is_fine = b.status == ClientStatus::kAcked;
    return a_is_fine != b_is_fine ? b_is_fine : a.last_updated > b.last_updated;
  });
}

void AppendLastResponses(const xds::TypeDescription& type, absl::Time now, Html& out) {
  if (type.last_accepted != absl::InfinitePast()) {
    out.Markup("<p>last accepted: version ").Text(type.version).Markup(", ");
    out.Text(TimeText(type.last_accepted, now)).Markup("</p>");
  }
  if (type.last_refused != absl::InfinitePast()) {
    out.Markup("<p>last refused: ").Text(TimeText(type.last_refused, now));
    out.Text(type.is_refused ? "" : "; a later response was accepted");
    out.Markup("</p><pre>").Text(type.last_refusal).Markup("</pre>");
  }
}

void AppendXdsType(xds::TypeDescription type, absl::Time now, Html& out) {
  SortForPeople(type.resources);
  const auto served = std::count_if(type.resources.begin(), type.resources.end(), IsServed);
  const auto refused = std::count_if(type.resources.begin(), type.resources.end(),
                                     [](const auto& r) { return r.refused.has_value(); });
  const bool all_fine =
      type.resources.empty() || type.resources.front().status == ClientStatus::kAcked;
  if (all_fine && !type.is_refused) {
    out.Markup("<details>");
  } else {
    out.Markup("<details open>");
  }
  out.Markup("<summary><b>").Text(ShortType(type.type_url)).Markup("</b>: ");
  out.Text(served).Markup(" in use");
  if (refused > 0) out.Markup(", <b class=bad>").Text(refused).Markup(" refused</b>");
  out.Markup("</summary>");
  AppendLastResponses(type, now, out);
  out.Markup("<table><tr><th>name<th>status<th>version in use<th>accepted</tr>\n");
  for (size_t i = 0; i < std::min(type.resources.size(), kMostRows); ++i) {
    AppendResource(type.resources[i], now, out);
  }
  out.Markup("</table>");
  AppendMore(type.resources.size(), out);
  out.Markup("</details>\n");
}

void AppendConnection(const xds::XdsStatus& connection, Html& out) {
  if (connection.is_connected) {
    out.Markup("<p><b class=good>connected</b> to ").Text(connection.endpoint);
  } else {
    out.Markup("<p><b class=bad>not connected</b> to ").Text(connection.endpoint);
  }
  if (!connection.control_plane.empty()) out.Markup(", ").Text(connection.control_plane);
  if (!connection.last_failure.empty()) {
    out.Markup("; the last stream ended: ").Text(connection.last_failure);
  }
  out.Markup("</p>\n");
}

void AppendXds(const HomeSources& sources, Html& out) {
  XdsState state = sources.config.xds();
  if (!state.connection) return;
  out.Markup("<h2>From the control plane</h2>\n");
  AppendConnection(*state.connection, out);
  for (xds::TypeDescription& type : state.types) {
    AppendXdsType(std::move(type), sources.clock.WallNow(), out);
  }
}

// --- listeners and clusters --------------------------------------------------------------------

std::string_view VersionsText(bool has_active, bool has_warming) {
  if (!has_warming) return "active";
  return has_active ? "active, next version waits" : "waits";
}

void AppendListeners(const HomeSources& sources, Html& out) {
  out.Markup(
      "<h2>Listeners</h2><table><tr><th>name<th>address<th>state<th>from"
      "<th class=n>connections</tr>\n");
  const auto listings = sources.config.listeners.List();
  for (size_t i = 0; i < std::min(listings.size(), kMostRows); ++i) {
    const ListenerSet::Listing& listing = listings[i];
    out.Markup("<tr>").Cell(listing.name).Markup("<td>");
    for (const net::Address& address : listing.addresses) {
      out.Text(address.ToString()).Markup("<br>");
    }
    out.Markup("</td>").Cell(VersionsText(listing.active != nullptr, listing.warming != nullptr));
    out.Cell(listing.is_static ? "bootstrap" : "LDS");
    const auto& spec = listing.active != nullptr ? *listing.active : *listing.warming;
    out.NumberCell(spec.counters.downstream_cx_active.Value()).Markup("</tr>\n");
  }
  out.Markup("</table>");
  AppendMore(listings.size(), out);
}

void AppendEndpoint(const upstream::Endpoint& endpoint, Html& out) {
  static const upstream::EndpointTally nothing_counted;
  const auto& tally = endpoint.tally == nullptr ? nothing_counted : *endpoint.tally;
  out.Markup("<tr>").Cell(endpoint.address().ToString());
  if (endpoint.is_usable()) {
    out.Markup("<td>");
  } else {
    out.Markup("<td class=bad>");
  }
  out.Text(HealthFlags(endpoint.health)).Markup("</td>");
  out.NumberCell(endpoint.weight).NumberCell(endpoint.priority);
  out.NumberCell(tally.cx_active().Value()).NumberCell(tally.rq_active().Value());
  out.NumberCell(tally.rq_total().Value()).NumberCell(tally.rq_error().Value());
  out.NumberCell(tally.cx_connect_fail().Value()).Markup("</tr>\n");
}

void AppendEndpoints(const upstream::EndpointSet& set, Html& out) {
  out.Markup(
      "<table><tr><th>endpoint<th>health<th class=n>weight<th class=n>priority"
      "<th class=n>connections<th class=n>requests<th class=n>requests so far"
      "<th class=n>failed<th class=n>failed connects</tr>\n");
  for (size_t i = 0; i < std::min(set.endpoints.size(), kMostRows); ++i) {
    AppendEndpoint(*set.endpoints[i], out);
  }
  out.Markup("</table>");
  AppendMore(set.endpoints.size(), out);
}

void AppendCluster(const upstream::ClusterSet::Listing& listing, Html& out) {
  static const upstream::EndpointSet none;
  const upstream::EndpointSet& set = listing.endpoints == nullptr ? none : *listing.endpoints;
  const auto usable = std::count_if(set.endpoints.begin(), set.endpoints.end(),
                                    [](const auto& endpoint) { return endpoint->is_usable(); });
  const auto& spec = listing.active != nullptr ? *listing.active : *listing.warming;
  out.Markup("<details><summary><b>").Text(listing.name).Markup("</b>: ");
  out.Text(VersionsText(listing.active != nullptr, listing.warming != nullptr)).Markup(", ");
  if (usable == static_cast<ptrdiff_t>(set.endpoints.size()) && usable > 0) {
    out.Markup("<span class=good>");
  } else {
    out.Markup("<span class=bad>");
  }
  out.Text(usable).Markup(" of ").Text(set.endpoints.size()).Markup(" endpoints usable</span>, ");
  out.Text(spec.added_via_api ? "from CDS" : "from bootstrap").Markup("</summary>");
  AppendEndpoints(set, out);
  out.Markup("</details>\n");
}

void AppendClusters(const HomeSources& sources, Html& out) {
  out.Markup("<h2>Clusters</h2>\n");
  const auto listings = sources.config.clusters.Describe();
  for (size_t i = 0; i < std::min(listings.size(), kMostRows); ++i) {
    AppendCluster(listings[i], out);
  }
  AppendMore(listings.size(), out);
}

// --- secrets -----------------------------------------------------------------------------------

void AppendSecrets(const HomeSources& sources, Html& out) {
  const std::vector<SecretDescription> secrets = sources.config.secrets();
  if (secrets.empty()) return;
  const absl::Time now = sources.clock.WallNow();
  out.Markup("<h2>Secrets</h2>\n<table><tr><th>name<th>from<th>state<th>version<th>since</tr>\n");
  for (size_t i = 0; i < std::min(secrets.size(), kMostRows); ++i) {
    const ResourceDescription& resource = secrets[i].resource;
    out.Markup("<tr>").Cell(resource.name).Cell(secrets[i].from);
    out.Cell(StatusText(resource.status));
    if (IsServed(resource)) {
      out.Cell(resource.version).Cell(TimeText(resource.last_updated, now));
    } else {
      out.Markup("<td class=quiet>none serves</td><td></td>");
    }
    out.Markup("</tr>\n");
    if (!resource.refused) continue;
    out.Markup("<tr><td></td><td colspan=4>refused version ").Text(resource.refused->version);
    out.Markup("<pre>").Text(resource.refused->details).Markup("</pre></td></tr>\n");
  }
  out.Markup("</table>");
  AppendMore(secrets.size(), out);
}

// --- the other pages ---------------------------------------------------------------------------

// A page that changes something takes two clicks.
void AppendPage(const AdminPage& page, Html& out) {
  out.Markup("<tr><td>");
  if (page.changes) {
    out.Markup("<details><summary>")
        .Text(page.path)
        .Markup("</summary><form method=post action=\"");
    out.Text(page.path).Markup("\"><button>POST ").Text(page.path);
    out.Markup("</button></form></details>");
  } else {
    out.Markup("<a href=\"").Text(page.path).Markup("\">").Text(page.path).Markup("</a>");
  }
  out.Markup("</td><td>").Text(page.about);
  for (const auto& [name, about] : page.parameters) {
    out.Markup("<div class=quiet><code>").Text(name).Markup("</code> ").Text(about);
    out.Markup("</div>");
  }
  out.Markup("</td></tr>\n");
}

void AppendPages(const Admin& admin, Html& out) {
  out.Markup("<h2>Pages</h2><table>\n");
  for (const bool changes : {false, true}) {
    for (const auto& [path, page] : admin.pages()) {
      if (page.changes == changes && path != "/") AppendPage(page, out);
    }
  }
  out.Markup("</table>");
}

AdminReply ServeHome(const Admin& admin, const HomeSources& sources) {
  Html out;
  AppendHead(sources, out);
  AppendWaiting(sources, out);
  AppendXds(sources, out);
  AppendListeners(sources, out);
  AppendClusters(sources, out);
  AppendSecrets(sources, out);
  AppendPages(admin, out);
  out.Markup("</body></html>\n");
  return AdminReply::Html(out.text());
}

}  // namespace

void AddHomePage(Admin& admin, const HomeSources& sources) {
  admin.Add(
      {.path = "/",
       .about = "the state of the server, for people",
       .serve = [&admin, &sources](const AdminRequest&) { return ServeHome(admin, sources); }});
}

}  // namespace outrigger::server
