#include "source/extensions/listener_filters/tls_inspector/tls_inspector.h"

#include <array>
#include <memory>
#include <utility>

#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"
#include "source/tcp/client_hello.h"

namespace outrigger::tls_inspector {
namespace {

using Result = tcp::ClientHelloReader::Result;
using stats::Kind;
using tcp::Inspection;

constexpr std::array kTable = {
    stats::Metric{"client_hello_too_large", Kind::kCounter},
    stats::Metric{"tls_found", Kind::kCounter},
    stats::Metric{"tls_not_found", Kind::kCounter},
    stats::Metric{"alpn_found", Kind::kCounter},
    stats::Metric{"alpn_not_found", Kind::kCounter},
    stats::Metric{"sni_found", Kind::kCounter},
    stats::Metric{"sni_not_found", Kind::kCounter},
    stats::Metric{"client_hello_parsing_error", Kind::kCounter},  // ours
};

// What all connections of a listener share.
struct Settings {
  size_t most_bytes = 16 * 1024;
  bool closes_invalid = false;
  stats::GroupPtr group;
  stats::Counter too_large, found, not_found, alpn_found, alpn_not_found, sni_found, sni_not_found,
      invalid;
};

class TlsInspector final : public tcp::ListenerFilter {
 public:
  explicit TlsInspector(const std::shared_ptr<const Settings>& settings)
      : settings_(settings), reader_(settings->most_bytes) {}

  Inspection OnAccept(net::Accepted&) override { return Inspection::kNeedsData; }

  Inspection OnData(net::Accepted& connection, size_t fresh_at) override {
    Result result = Result::kNeedsMore;
    tcp::VisitFrom(connection.read, fresh_at, [&](std::string_view bytes) {
      if (result == Result::kNeedsMore) result = reader_.Push(bytes);
    });
    switch (result) {
      case Result::kNeedsMore:
        return Inspection::kNeedsData;
      case Result::kFound:
        Found(connection);
        return Inspection::kDone;
      case Result::kTooLarge:
        settings_->too_large.Increment();
        return Inspection::kClose;
      case Result::kInvalid:
        settings_->invalid.Increment();
        if (settings_->closes_invalid) return Inspection::kClose;
        break;
      case Result::kNotTls:
        break;
    }
    settings_->not_found.Increment();
    return Inspection::kDone;
  }

 private:
  void Found(net::Accepted& connection) {
    net::Arrival& arrival = connection.Found();
    arrival.transport_protocol = "tls";
    arrival.server_name = reader_.server_name();
    arrival.application_protocols = std::move(reader_.application_protocols());
    settings_->found.Increment();
    (arrival.server_name.empty() ? settings_->sni_not_found : settings_->sni_found).Increment();
    (arrival.application_protocols.empty() ? settings_->alpn_not_found : settings_->alpn_found)
        .Increment();
  }

  const std::shared_ptr<const Settings> settings_;
  tcp::ClientHelloReader reader_;
};

}  // namespace

absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context) {
  constexpr uint32_t kLeast = 256, kMost = 65536;
  auto settings = std::make_shared<Settings>();
  if (config.has_max_client_hello_size()) {
    settings->most_bytes = config.max_client_hello_size().value();
    if (settings->most_bytes < kLeast || settings->most_bytes > kMost) {
      return base::InvalidArgument("max_client_hello_size: must be from 256 to 65536, got ",
                                   settings->most_bytes);
    }
  }
  const uint32_t first = config.initial_read_buffer_size().value();
  if (config.has_initial_read_buffer_size() && (first < kLeast || first > kMost)) {
    return base::InvalidArgument("initial_read_buffer_size: must be from 256 to 65536, got ",
                                 first);
  }
  settings->closes_invalid = config.close_connection_on_client_hello_parsing_errors();
  settings->group = context.stats().Declare(stats::PlainScope("tls_inspector."), kTable);
  settings->too_large = settings->group->counter(stats::IndexOf(kTable, "client_hello_too_large"));
  settings->found = settings->group->counter(stats::IndexOf(kTable, "tls_found"));
  settings->not_found = settings->group->counter(stats::IndexOf(kTable, "tls_not_found"));
  settings->alpn_found = settings->group->counter(stats::IndexOf(kTable, "alpn_found"));
  settings->alpn_not_found = settings->group->counter(stats::IndexOf(kTable, "alpn_not_found"));
  settings->sni_found = settings->group->counter(stats::IndexOf(kTable, "sni_found"));
  settings->sni_not_found = settings->group->counter(stats::IndexOf(kTable, "sni_not_found"));
  settings->invalid =
      settings->group->counter(stats::IndexOf(kTable, "client_hello_parsing_error"));
  return tcp::ListenerFilterFactory(
      [settings = std::shared_ptr<const Settings>(std::move(settings))] {
        return std::make_unique<TlsInspector>(settings);
      });
}

}  // namespace outrigger::tls_inspector
