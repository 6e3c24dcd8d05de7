#include "source/extensions/listener_filters/original_dst/original_dst.h"

#include <memory>
#include <utility>

namespace outrigger::original_dst {
namespace {

class OriginalDst final : public tcp::ListenerFilter {
 public:
  tcp::Inspection OnAccept(net::Accepted& connection) override {
    std::optional<net::Address> original = net::OriginalDestination(connection.socket.fd());
    // The kernel answers for connections it did not redirect as well: with their own address.
    if (original && *original != connection.Local()) {
      connection.local = *std::move(original);
      connection.Found().is_local_restored = true;
    }
    return tcp::Inspection::kDone;
  }
  tcp::Inspection OnData(net::Accepted&, size_t) override { return tcp::Inspection::kDone; }
};

std::unique_ptr<tcp::ListenerFilter> Make() { return std::make_unique<OriginalDst>(); }

}  // namespace

absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config&, config::FactoryContext&) {
  return tcp::ListenerFilterFactory(&Make);
}

}  // namespace outrigger::original_dst
