#include "source/extensions/listener_filters/http_inspector/http_inspector.h"

#include <array>
#include <memory>
#include <utility>

#include "source/stats/envoy_scopes.h"
#include "source/tcp/http_sniffer.h"

namespace outrigger::http_inspector {
namespace {

using Result = tcp::HttpSniffer::Result;
using stats::Kind;
using tcp::Inspection;

constexpr std::array kTable = {
    stats::Metric{"http10_found", Kind::kCounter},
    stats::Metric{"http11_found", Kind::kCounter},
    stats::Metric{"http2_found", Kind::kCounter},
    stats::Metric{"http_not_found", Kind::kCounter},
};

class HttpInspector final : public tcp::ListenerFilter {
 public:
  explicit HttpInspector(const stats::GroupPtr& counters) : counters_(counters) {}

  Inspection OnAccept(net::Accepted& connection) override {
    // What the ALPN of TLS says is not ours to guess.
    const net::Arrival* arrival = connection.arrival.get();
    const bool is_known = arrival != nullptr && (!arrival->transport_protocol.empty() ||
                                                 !arrival->application_protocols.empty());
    return is_known ? Inspection::kDone : Inspection::kNeedsData;
  }

  Inspection OnData(net::Accepted& connection, size_t fresh_at) override {
    Result result = Result::kNeedsMore;
    tcp::VisitFrom(connection.read, fresh_at, [&](std::string_view bytes) {
      if (result == Result::kNeedsMore) result = sniffer_.Push(bytes);
    });
    switch (result) {
      case Result::kNeedsMore:
        return Inspection::kNeedsData;
      case Result::kHttp10:
        return Found(connection, "http/1.0", 0);
      case Result::kHttp11:
        return Found(connection, "http/1.1", 1);
      case Result::kHttp2:
        return Found(connection, "h2c", 2);
      case Result::kNotHttp:
        break;
    }
    counters_->counter(3).Increment();
    return Inspection::kDone;
  }

 private:
  Inspection Found(net::Accepted& connection, std::string_view protocol, size_t counter) {
    connection.Found().application_protocols = {std::string(protocol)};
    counters_->counter(counter).Increment();
    return Inspection::kDone;
  }

  const stats::GroupPtr counters_;
  tcp::HttpSniffer sniffer_;
};

}  // namespace

absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config&, config::FactoryContext& context) {
  stats::GroupPtr counters = context.stats().Declare(stats::PlainScope("http_inspector."), kTable);
  return tcp::ListenerFilterFactory(
      [counters = std::move(counters)] { return std::make_unique<HttpInspector>(counters); });
}

}  // namespace outrigger::http_inspector
