#pragma once

#include <google/protobuf/struct.pb.h>
#include "envoy/config/core/v3/base.pb.h"
#include "source/upstream/endpoint_labels.h"

namespace outrigger::config {

// The fields of a Struct, values of every kind and depth in one form.
upstream::Labels ReadLabels(const google::protobuf::Struct& from);

// filter_metadata["envoy.transport_socket_match"].
upstream::Labels ReadTransportLabels(const envoy::config::core::v3::Metadata& from);

}  // namespace outrigger::config
