#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include "envoy/config/core/v3/address.pb.h"
#include "envoy/config/core/v3/base.pb.h"
#include "envoy/config/core/v3/config_source.pb.h"
#include "source/base/clock.h"
#include "source/config/place.h"
#include "source/net/address.h"
#include "source/net/socket.h"

// The small messages that many resources share, read into our types. What is wrong is refused at
// `place`, the message's own; the value returned then is only good for going on to the next error.
namespace outrigger::config {

// Rounded up to whole milliseconds, so that a limit never becomes 0, which often means none.
base::Milliseconds ReadDuration(const google::protobuf::Duration& duration, const Place& place);
// The same, refusing 0.
base::Milliseconds ReadPositiveDuration(const google::protobuf::Duration& duration,
                                        const Place& place);
// nullopt for 0, which means none.
std::optional<base::Milliseconds> ReadLimit(const google::protobuf::Duration& duration,
                                            const Place& place);

// A numeric IP address with port, or a Unix socket.
net::Address ReadAddress(const envoy::config::core::v3::Address& address, const Place& place);
net::Address ReadAddress(const envoy::config::core::v3::SocketAddress& address, const Place& place);
uint16_t ReadPort(const envoy::config::core::v3::SocketAddress& address, const Place& place);
net::KeepaliveOptions ReadKeepalive(const envoy::config::core::v3::TcpKeepalive& keepalive,
                                    const Place& place);

// Content read now: a later change of a file does not matter.
std::string ReadDataSource(const envoy::config::core::v3::DataSource& source, const Place& place);

// Whether the resource comes over the ADS stream, the only source implemented.
void RequireAds(const envoy::config::core::v3::ConfigSource& source, const Place& place);
// Of a source: default 15 s, 0 waits for ever.
base::Milliseconds ReadInitialFetchTimeout(const envoy::config::core::v3::ConfigSource& source,
                                           const Place& place);

// The config inside `any`, or inside its TypedStruct. False: refused.
[[nodiscard]] bool Unpack(const google::protobuf::Any& any, google::protobuf::Message& config,
                          const Place& place);

}  // namespace outrigger::config
