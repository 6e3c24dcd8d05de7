#include "source/config/runtime_values.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "source/base/text.h"

namespace outrigger::config {
namespace {

using envoy::type::v3::FractionalPercent;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr uint32_t kMillion = 1'000'000;

// A FractionalPercent as a Struct: {numerator: 5, denominator: TEN_THOUSAND}.
std::optional<uint32_t> ReadShare(const Struct& fields) {
  const auto numerator = fields.fields().find("numerator");
  if (numerator == fields.fields().end()) return std::nullopt;
  FractionalPercent share;
  const double parts = numerator->second.number_value();
  share.set_numerator(static_cast<uint32_t>(std::clamp(parts, 0.0, 4294967295.0)));
  const auto denominator = fields.fields().find("denominator");
  if (denominator != fields.fields().end()) {
    FractionalPercent::DenominatorType type = FractionalPercent::HUNDRED;
    if (!FractionalPercent::DenominatorType_Parse(denominator->second.string_value(), &type)) {
      return std::nullopt;
    }
    share.set_denominator(type);
  }
  return ToPerMillion(share);
}

}  // namespace

uint32_t ToPerMillion(const FractionalPercent& share) {
  uint64_t factor = 1;
  if (share.denominator() == FractionalPercent::HUNDRED) factor = 10'000;
  if (share.denominator() == FractionalPercent::TEN_THOUSAND) factor = 100;
  return static_cast<uint32_t>(std::min<uint64_t>(share.numerator() * factor, kMillion));
}

void RuntimeValues::Add(const envoy::config::bootstrap::v3::LayeredRuntime& layers,
                        const Place& place) {
  for (int i = 0; i < layers.layers_size(); ++i) {
    const auto& layer = layers.layers(i);
    const Place at = place.At("layers", i);
    if (layer.name().empty()) at.At("name").Refuse("must be given");
    if (layer.layer_specifier_case() == layer.LAYER_SPECIFIER_NOT_SET) {
      at.Refuse("must hold one of static_layer, admin_layer");
    }
    if (layer.has_static_layer()) AddFields(layer.static_layer(), "", at.At("static_layer"));
  }
}

void RuntimeValues::AddFields(const Struct& fields, const std::string& prefix, const Place& place) {
  for (const auto& [name, value] : fields.fields()) {
    const Place at = place.At(name);
    AddValue(prefix.empty() ? name : absl::StrCat(prefix, ".", name), value, at);
  }
}

void RuntimeValues::AddValue(const std::string& key, const Value& value, const Place& place) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      if (!std::isfinite(value.number_value())) return place.Refuse("must be a finite number");
      values_[key] = {.number = value.number_value()};
      return;
    case Value::kBoolValue:
      values_[key] = {.flag = value.bool_value()};
      return;
    case Value::kStringValue: {
      // Quoted numbers and booleans count as what they spell; other texts have no reader.
      double number = 0;
      bool flag = false;
      if (absl::SimpleAtod(value.string_value(), &number) && std::isfinite(number)) {
        values_[key] = {.number = number};
      } else if (absl::SimpleAtob(value.string_value(), &flag)) {
        values_[key] = {.flag = flag};
      } else {
        values_[key] = {};
      }
      return;
    }
    case Value::kStructValue:
      if (const std::optional<uint32_t> share = ReadShare(value.struct_value())) {
        values_[key] = {.per_million = share};
      } else {
        AddFields(value.struct_value(), key, place);
      }
      return;
    default:
      place.Refuse("must be a number, a boolean, a text or a map");
  }
}

const RuntimeValues::Entry* RuntimeValues::Find(std::string_view key) const {
  if (key.empty()) return nullptr;
  const auto found = values_.find(base::AbslView(key));
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<double> RuntimeValues::Number(std::string_view key) const {
  const Entry* value = Find(key);
  return value == nullptr ? std::nullopt : value->number;
}

std::optional<bool> RuntimeValues::Flag(std::string_view key) const {
  const Entry* value = Find(key);
  return value == nullptr ? std::nullopt : value->flag;
}

uint32_t RuntimeValues::PerMillion(
    const envoy::config::core::v3::RuntimeFractionalPercent& share) const {
  return PerMillion(share.runtime_key(), share.default_value());
}

uint32_t RuntimeValues::PerMillion(std::string_view key, const FractionalPercent& standard) const {
  const Entry* value = Find(key);
  if (value != nullptr && value->per_million) return *value->per_million;
  if (value != nullptr && value->number) {
    return static_cast<uint32_t>(std::clamp(*value->number, 0.0, 100.0) * 10'000);
  }
  return ToPerMillion(standard);
}

uint32_t RuntimeValues::Resolve(const envoy::config::core::v3::RuntimeUInt32& number) const {
  const std::optional<double> value = Number(number.runtime_key());
  if (!value) return number.default_value();
  return static_cast<uint32_t>(std::clamp(*value, 0.0, 4294967295.0));
}

double RuntimeValues::Resolve(const envoy::config::core::v3::RuntimeDouble& number) const {
  return Number(number.runtime_key()).value_or(number.default_value());
}

bool RuntimeValues::Resolve(const envoy::config::core::v3::RuntimeFeatureFlag& flag) const {
  return Flag(flag.runtime_key()).value_or(flag.default_value().value());
}

}  // namespace outrigger::config
