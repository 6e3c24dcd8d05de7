#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace outrigger::upstream {

// Names with values, in the order of names, each name once. A value is in a form that is equal
// where the values are: the text "1" and the number 1 differ.
using Labels = std::vector<std::pair<std::string, std::string>>;

// Whether all of `wanted` are among `labels`, with the same values.
bool HoldsAll(const Labels& labels, const Labels& wanted);

// What an endpoint says of the transport it wants: filter_metadata["envoy.transport_socket_match"]
// of it and of its locality. Immutable; endpoints of one set with equal labels share them.
struct EndpointLabels {
  Labels own;
  Labels locality;
  friend bool operator==(const EndpointLabels&, const EndpointLabels&) = default;
};
using EndpointLabelsPtr = std::shared_ptr<const EndpointLabels>;  // null: none

}  // namespace outrigger::upstream
