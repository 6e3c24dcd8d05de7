#include "source/upstream/host_name.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "source/base/text.h"

namespace outrigger::upstream {
namespace {

constexpr size_t kMostNameBytes = 253;

std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  // An address without brackets has more than one colon.
  if (std::count(host.begin(), host.end(), ':') != 1) return host;
  return host.substr(0, host.find(':'));
}

}  // namespace

std::string_view HostName(const ClusterSpec& cluster, http::RequestHead& head) {
  if (!cluster.auto_sni && !cluster.auto_san_validation) return {};
  std::string_view host = head.authority();
  if (!cluster.auto_sni_header.empty()) {
    const auto named = head.Lookup(cluster.auto_sni_header);
    if (named && !named->empty()) host = *named;
  }
  host = WithoutPort(host);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kMostNameBytes) return {};
  return head.headers.arena().Copy(absl::AsciiStrToLower(base::AbslView(host)));
}

}  // namespace outrigger::upstream
