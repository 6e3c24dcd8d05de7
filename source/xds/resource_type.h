#pragma once

#include <google/protobuf/any.pb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/stats/scope.h"

namespace outrigger::xds {

// A resource as the wire gave it, decoded no further than its envelope.
struct WireResource {
  std::string name;     // from the envelope, or else from the body itself
  std::string version;  // delta: its own; SotW: the response's
  google::protobuf::Any body;
};

// A resource after decoding and compiling, ready to be applied.
struct ReadyResource {
  std::string name;
  std::string version;
  google::protobuf::Any body;            // for config_dump
  std::shared_ptr<const void> compiled;  // what `compile` of its type made
};

struct RefusedResource {
  std::string name;
  std::string version;
  google::protobuf::Any body;
  std::string reason;  // names the resource and the field's path
};

// One update of one type, in one piece. Good resources apply even when others are refused.
struct Update {
  std::vector<ReadyResource> changed;
  std::vector<std::string> removed;  // named by delta, or (wildcard types, SotW) no longer listed
  std::vector<RefusedResource> refused;
  std::string version;  // of the response
};

// What the xDS client needs to know about one resource type; the rest is the same for all.
struct ResourceType {
  std::string_view url;      // "type.googleapis.com/envoy.config.cluster.v3.Cluster"
  bool is_wildcard = false;  // LDS, CDS: subscribed to as a whole
  // Compile thread: decodes and compiles one body; the name is filled in. Errors name the field.
  struct Compiled {
    std::string name;
    std::shared_ptr<const void> object;
    // Fields that our schema does not have, as "path: unknown field ...": counted, logged once.
    std::vector<std::string> unknown_fields = {};
  };
  std::function<absl::StatusOr<Compiled>(const google::protobuf::Any& body)> compile;
  // Main thread: takes the update; returns what it could not take, by name. The refused ones of the
  // update may be among them. Must not call back into the client for its own type.
  std::function<std::vector<RefusedResource>(Update update)> apply;
  // Main thread: nobody should wait for these names any more (empty: wildcard): no answer came
  // within initial_fetch_timeout, or the server says that there is none, or what came was refused.
  // May be null.
  std::function<void(const std::vector<std::string>& names)> timed_out;
  // Main thread: where the subscription's statistics go: wildcard types are asked once, with an
  // empty name, others for each name. Left out, or null: they are not counted here, as those of
  // endpoints, `cluster.<name>.update_*`, which are the cluster's.
  std::function<std::optional<stats::Scope>(std::string_view name)> scope = nullptr;
};

}  // namespace outrigger::xds
