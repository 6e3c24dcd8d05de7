#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/any.pb.h>
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {

// Why there is no maker for the type inside `config`: the list of the known ones, and the nearest.
absl::Status UnknownType(std::string_view what, const google::protobuf::Any& config,
                         std::vector<std::string> known);

// What makes one kind of extension from its configuration, by the type inside an Any or inside its
// TypedStruct. Thread: filled on the main thread, then read from any.
template <typename Made, typename Context>
class Makers {
 public:
  // `create`: absl::StatusOr<Made>(const Config&, Context&).
  template <typename Config, typename Create>
  void Add(Create create) {
    by_type_[Config::descriptor()->full_name()] =
        [create](const google::protobuf::Any& any, Context& context) -> absl::StatusOr<Made> {
      Config config;
      if (absl::Status status = loading::UnpackAny(any, config); !status.ok()) return status;
      return create(config, context);
    };
  }
  bool Knows(const google::protobuf::Any& config) const {
    return by_type_.contains(loading::ResolvedTypeName(config));
  }
  // `what` names the kind in errors.
  absl::StatusOr<Made> Make(std::string_view what, const google::protobuf::Any& config,
                            Context& context) const {
    const auto found = by_type_.find(loading::ResolvedTypeName(config));
    if (found != by_type_.end()) return found->second(config, context);
    std::vector<std::string> known;
    for (const auto& [name, maker] : by_type_) known.push_back(name);
    return UnknownType(what, config, std::move(known));
  }

 private:
  absl::flat_hash_map<std::string,
                      std::function<absl::StatusOr<Made>(const google::protobuf::Any&, Context&)>>
      by_type_;
};

}  // namespace outrigger::config
