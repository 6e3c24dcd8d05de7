#include "source/route/route_table.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "source/base/text.h"
#include "source/route/domain_table.h"
#include "source/route/route_list.h"

namespace outrigger::route {
namespace {

// A virtual host with its routes.
struct Host {
  Host(VirtualHostSettings settings, const TableSettings& table, std::vector<RouteSpec> routes)
      : virtual_host(std::move(settings), table), list(std::move(routes), virtual_host) {}
  const VirtualHost virtual_host;
  const RouteList list;
};

absl::Status CheckPath(const PathMatch& path) {
  if (path.kind == PathMatch::Kind::kRegex && !path.regex.has_value()) {
    return base::InvalidArgument("path: a regex match without a regex");
  }
  if (path.kind != PathMatch::Kind::kSeparatedPrefix) return absl::OkStatus();
  if (path.text.empty() || path.text.back() == '/' ||
      path.text.find_first_of("?#") != std::string::npos) {
    return base::InvalidArgument(
        "path_separated_prefix: must not be empty, end in \"/\" or have \"?\" or \"#\", got \"",
        path.text, "\"");
  }
  return absl::OkStatus();
}

absl::Status CompleteForward(ForwardAction& forward) {
  if (forward.weighted.empty() == forward.cluster_header.empty()) {
    return base::InvalidArgument(
        "route: exactly one of cluster, weighted_clusters and cluster_header must be given");
  }
  uint64_t sum = 0;
  for (const WeightedTarget& target : forward.weighted) sum += target.weight;
  if (forward.weighted.size() == 1 && sum == 0) sum = forward.weighted.front().weight = 1;
  if (forward.total_weight == 0 && sum <= UINT32_MAX) {
    forward.total_weight = static_cast<uint32_t>(sum);
  }
  if (!forward.weighted.empty() && (sum == 0 || sum != forward.total_weight)) {
    return base::InvalidArgument(
        "weighted_clusters: the weights must add up to ",
        forward.total_weight == 0 ? "1 to 4294967295" : base::StrCat(forward.total_weight),
        ", got ", sum);
  }
  return absl::OkStatus();
}

absl::Status CompleteRoute(RouteSpec& route) {
  if (absl::Status status = CheckPath(route.path); !status.ok()) return status;
  if (route.fraction.has_value() && route.fraction->denominator == 0) {
    return base::InvalidArgument("runtime_fraction: the denominator must not be 0");
  }
  auto* forward = std::get_if<ForwardAction>(&route.action);
  return forward == nullptr ? absl::OkStatus() : CompleteForward(*forward);
}

absl::Status AtHost(const VirtualHostSpec& host, std::string_view what) {
  return base::InvalidArgument("virtual_hosts \"", host.name, "\": ", what);
}

}  // namespace

class RouteTable::Compiled {
 public:
  Compiled(TableSettings table_settings, bool ignore_port)
      : settings(std::move(table_settings)), domains(ignore_port) {}

  absl::Status AddHost(VirtualHostSpec spec);
  const Host* FindHost(std::string_view authority) const {
    const std::optional<uint32_t> number = domains.Find(authority);
    return number.has_value() ? hosts[*number].get() : nullptr;
  }

  const TableSettings settings;
  DomainTable domains;
  std::vector<std::unique_ptr<Host>> hosts;
  absl::flat_hash_set<std::string> clusters;

 private:
  absl::Status AddDomains(const VirtualHostSpec& spec);
  absl::flat_hash_set<std::string> host_names_;
};

absl::Status RouteTable::Compiled::AddDomains(const VirtualHostSpec& spec) {
  if (spec.domains.empty()) return AtHost(spec, "domains: at least one is needed");
  const uint32_t number = static_cast<uint32_t>(hosts.size());
  for (const std::string& domain : spec.domains) {
    uint32_t existing = 0;
    const absl::Status added = domains.Add(domain, number, existing);
    if (absl::IsAlreadyExists(added)) {
      const std::string& other =
          existing == number ? spec.name : hosts[existing]->virtual_host.name();
      return AtHost(spec, base::StrCat("domains: \"", domain, "\" is already a domain of \"", other,
                                       "\"; each domain may occur once in a route table"));
    }
    if (!added.ok()) {
      return AtHost(spec, base::StrCat(base::StdView(added.message()), ", got \"", domain, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status RouteTable::Compiled::AddHost(VirtualHostSpec spec) {
  if (!host_names_.insert(spec.name).second) {
    return AtHost(spec, "name: another virtual host of this table has it");
  }
  if (absl::Status status = AddDomains(spec); !status.ok()) return status;
  for (size_t i = 0; i < spec.routes.size(); ++i) {
    if (absl::Status status = CompleteRoute(spec.routes[i]); !status.ok()) {
      return AtHost(spec, base::StrCat("routes[", i, "] \"", spec.routes[i].name,
                                       "\": ", base::StdView(status.message())));
    }
    if (const auto* forward = std::get_if<ForwardAction>(&spec.routes[i].action)) {
      for (const WeightedTarget& target : forward->weighted) clusters.insert(target.cluster.name);
    }
  }
  VirtualHostSettings host_settings{
      .name = std::move(spec.name),
      .request_edits = std::move(spec.request_edits),
      .response_edits = std::move(spec.response_edits),
      .filter_configs = std::move(spec.filter_configs),
      .rate_limits = std::move(spec.rate_limits),
      .include_attempt_count_in_request = spec.include_attempt_count_in_request,
      .include_attempt_count_in_response = spec.include_attempt_count_in_response,
      .require_tls = spec.require_tls};
  hosts.push_back(
      std::make_unique<Host>(std::move(host_settings), settings, std::move(spec.routes)));
  return absl::OkStatus();
}

RouteTable::RouteTable(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
RouteTable::~RouteTable() = default;

absl::StatusOr<std::shared_ptr<const RouteTable>> RouteTable::Compile(RouteTableSpec spec) {
  TableSettings settings{.name = std::move(spec.name),
                         .request_edits = std::move(spec.request_edits),
                         .response_edits = std::move(spec.response_edits),
                         .filter_configs = std::move(spec.filter_configs),
                         .most_specific_edits_win = spec.most_specific_edits_win};
  auto compiled = std::make_unique<Compiled>(std::move(settings), spec.ignore_port_in_host);
  for (VirtualHostSpec& host : spec.virtual_hosts) {
    if (absl::Status status = compiled->AddHost(std::move(host)); !status.ok()) return status;
  }
  return std::shared_ptr<const RouteTable>(new RouteTable(std::move(compiled)));
}

const Route* RouteTable::Find(const MatchInput& input) const {
  const Host* host = compiled_->FindHost(input.head.authority());
  return host == nullptr ? nullptr : host->list.Find(input);
}

const VirtualHost* RouteTable::FindVirtualHost(std::string_view authority) const {
  const Host* host = compiled_->FindHost(authority);
  return host == nullptr ? nullptr : &host->virtual_host;
}

const std::string& RouteTable::name() const { return compiled_->settings.name; }

const absl::flat_hash_set<std::string>& RouteTable::clusters() const { return compiled_->clusters; }

}  // namespace outrigger::route
