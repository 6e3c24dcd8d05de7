#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/config/core/v3/base.pb.h"
#include "envoy/type/v3/percent.pb.h"
#include "source/config/place.h"

namespace outrigger::config {

// The runtime values of the bootstrap, with which resources are resolved while they are compiled:
// a key that has a value replaces the default given in the resource.
// Owner: the server.  Thread: any, immutable once filled.
class RuntimeValues {
 public:
  // Later layers win. What no value can be (lists, null) is refused.
  void Add(const envoy::config::bootstrap::v3::LayeredRuntime& layers, const Place& place);

  // As written; nested keys joined by dots. nullopt: no value, or not of that sort.
  std::optional<double> Number(std::string_view key) const;
  std::optional<bool> Flag(std::string_view key) const;

  // In millionths; never above a million. An integer value is a percentage.
  uint32_t PerMillion(const envoy::config::core::v3::RuntimeFractionalPercent& share) const;
  uint32_t PerMillion(std::string_view key,
                      const envoy::type::v3::FractionalPercent& standard) const;
  uint32_t Resolve(const envoy::config::core::v3::RuntimeUInt32& number) const;
  double Resolve(const envoy::config::core::v3::RuntimeDouble& number) const;
  bool Resolve(const envoy::config::core::v3::RuntimeFeatureFlag& flag) const;

 private:
  struct Entry {
    std::optional<double> number;
    std::optional<bool> flag;
    std::optional<uint32_t> per_million;  // written as a FractionalPercent
  };
  void AddFields(const google::protobuf::Struct& fields, const std::string& prefix,
                 const Place& place);
  void AddValue(const std::string& key, const google::protobuf::Value& value, const Place& place);
  const Entry* Find(std::string_view key) const;

  absl::flat_hash_map<std::string, Entry> values_;
};

uint32_t ToPerMillion(const envoy::type::v3::FractionalPercent& share);

}  // namespace outrigger::config
