#include "source/base/text.h"
#include "source/config/bootstrap.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/text_file.h"
#include "source/config/refusal.h"

namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;

absl::Status Merge(std::string_view text, std::string_view file, bool allow_unknown,
                   std::vector<std::string>& warnings, Bootstrap& into) {
  loading::LoadOptions options;
  options.file = file;
  options.is_refused = &IsNotImplemented;
  if (allow_unknown) options.unknown_fields = &warnings;
  Bootstrap part;
  if (absl::Status status = loading::LoadMessageFromText(text, part, options); !status.ok()) {
    return status;
  }
  into.MergeFrom(part);  // lists are joined, as Envoy does
  return absl::OkStatus();
}

void Complete(const BootstrapSource& source, Bootstrap& bootstrap) {
  auto& node = *bootstrap.mutable_node();
  if (node.id().empty()) node.set_id(source.service_node);
  if (node.cluster().empty()) node.set_cluster(source.service_cluster);
  if (!source.service_zone.empty() && node.locality().zone().empty()) {
    node.mutable_locality()->set_zone(source.service_zone);
  }
}

}  // namespace

absl::StatusOr<Bootstrap> LoadBootstrap(const BootstrapSource& source,
                                        std::vector<std::string>& warnings) {
  if (source.path.empty() && source.yaml.empty()) {
    return base::InvalidArgument("no bootstrap: give -c FILE or --config-yaml TEXT");
  }
  Bootstrap bootstrap;
  if (!source.path.empty()) {
    absl::StatusOr<std::string> text = loading::ReadTextFile(source.path);
    if (!text.ok()) return text.status();
    absl::Status status = Merge(*text, source.path, source.allow_unknown, warnings, bootstrap);
    if (!status.ok()) return status;
  }
  if (!source.yaml.empty()) {
    absl::Status status =
        Merge(source.yaml, "--config-yaml", source.allow_unknown, warnings, bootstrap);
    if (!status.ok()) return status;
  }
  Complete(source, bootstrap);
  return bootstrap;
}

}  // namespace outrigger::config
