#include "source/extensions/listener_filters/proxy_protocol/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "source/base/text.h"
#include "source/net/proxy_header.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::proxy_protocol {
namespace {

using net::ProxyFound;
using net::ProxyVersion;
using stats::Kind;
using tcp::Inspection;

constexpr std::array kTable = {
    stats::Metric{"not_found_allowed", Kind::kCounter},
    stats::Metric{"not_found_disallowed", Kind::kCounter},
};
constexpr std::array kVersionTable = {
    stats::Metric{"found", Kind::kCounter},
    stats::Metric{"disallowed", Kind::kCounter},
    stats::Metric{"error", Kind::kCounter},
};

// What all connections of a listener share. Versions are counted by their number - 1.
struct Settings {
  bool is_optional = false;
  std::array<bool, 2> is_disallowed = {};
  stats::GroupPtr group;
  std::array<stats::GroupPtr, 2> versions;
};

size_t IndexOf(ProxyVersion version) { return version == ProxyVersion::kV1 ? 0 : 1; }

class ProxyProtocol final : public tcp::ListenerFilter {
 public:
  explicit ProxyProtocol(const std::shared_ptr<const Settings>& settings) : settings_(settings) {}

  Inspection OnAccept(net::Accepted&) override { return Inspection::kNeedsData; }

  Inspection OnData(net::Accepted& connection, size_t /*fresh_at*/) override {
    if (was_read_) return Skip(connection.read);
    const size_t size = std::min(connection.read.size(), net::kMostProxyAddressBytes);
    net::ProxyHeader header;
    const ProxyFound found = net::ReadProxyHeader(connection.read.Linearize(size), header);
    switch (found) {
      case ProxyFound::kNeedsMore:
        return Inspection::kNeedsData;
      case ProxyFound::kAbsent:
        settings_->group->counter(settings_->is_optional ? 0 : 1).Increment();
        return settings_->is_optional ? Inspection::kDone : Inspection::kClose;
      case ProxyFound::kInvalid:
        settings_->versions[IndexOf(header.version)]->counter(2).Increment();
        return Inspection::kClose;
      case ProxyFound::kHeader:
        break;
    }
    const size_t version = IndexOf(header.version);
    const bool is_disallowed = settings_->is_disallowed[version];
    settings_->versions[version]->counter(is_disallowed ? 1 : 0).Increment();
    if (is_disallowed) return Inspection::kClose;
    if (header.has_addresses) Believe(connection, header);
    was_read_ = true;
    left_ = header.size_bytes;
    return Skip(connection.read);
  }

 private:
  static void Believe(net::Accepted& connection, const net::ProxyHeader& header) {
    net::Arrival& arrival = connection.Found();
    if (arrival.direct_peer.family() == AF_UNSPEC) arrival.direct_peer = connection.peer;
    connection.peer = header.source;
    arrival.is_local_restored = header.destination != connection.Local();
    connection.local = header.destination;
  }

  // Takes the rest of the header as it comes: TLVs may be 64 KiB, and none of it is kept.
  Inspection Skip(base::Buffer& read) {
    const size_t size = std::min(left_, read.size());
    read.RemovePrefix(size);
    left_ -= size;
    return left_ == 0 ? Inspection::kDone : Inspection::kNeedsData;
  }

  const std::shared_ptr<const Settings> settings_;
  bool was_read_ = false;
  size_t left_ = 0;  // of the header
};

}  // namespace

absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context) {
  auto settings = std::make_shared<Settings>();
  settings->is_optional = config.allow_requests_without_proxy_protocol();
  for (const int version : config.disallowed_versions()) {
    settings->is_disallowed[version == envoy::config::core::v3::ProxyProtocolConfig::V1 ? 0 : 1] =
        true;
  }
  if (settings->is_disallowed[0] && settings->is_disallowed[1]) {
    return absl::InvalidArgumentError("disallowed_versions: must leave one of V1, V2");
  }
  const std::string prefix =
      config.stat_prefix().empty()
          ? "proxy_proto."
          : base::StrCat("proxy_proto.", stats::NamePart(config.stat_prefix()), ".");
  settings->group = context.stats().Declare(stats::PlainScope(prefix), kTable);
  for (size_t i = 0; i < 2; ++i) {
    settings->versions[i] = context.stats().Declare(
        stats::PlainScope(base::StrCat(prefix, "versions.v", i + 1, ".")), kVersionTable);
  }
  return tcp::ListenerFilterFactory(
      [settings = std::shared_ptr<const Settings>(std::move(settings))] {
        return std::make_unique<ProxyProtocol>(settings);
      });
}

}  // namespace outrigger::proxy_protocol
