#include "source/config/field_values.h"

#include <sys/stat.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "source/config/loading/text_file.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {

using envoy::config::core::v3::Address;
using envoy::config::core::v3::ApiVersion;
using envoy::config::core::v3::ConfigSource;
using envoy::config::core::v3::DataSource;
using envoy::config::core::v3::SocketAddress;

base::Milliseconds ReadDuration(const google::protobuf::Duration& duration, const Place& place) {
  // 100 years: beyond, adding to a clock could overflow.
  constexpr int64_t kMaxSeconds = int64_t{100} * 365 * 24 * 3600;
  constexpr int32_t kNanos = 1'000'000'000;
  const bool is_valid = duration.seconds() >= 0 && duration.seconds() <= kMaxSeconds &&
                        duration.nanos() >= 0 && duration.nanos() < kNanos;
  if (!is_valid) {
    place.Refuse(absl::StrCat("must be from 0 to 100 years, got ", duration.seconds(), " s and ",
                              duration.nanos(), " ns"));
    return base::Milliseconds(0);
  }
  return base::Milliseconds(duration.seconds() * 1000 + (duration.nanos() + 999'999) / 1'000'000);
}

base::Milliseconds ReadPositiveDuration(const google::protobuf::Duration& duration,
                                        const Place& place) {
  const size_t before = place.findings().size();
  const base::Milliseconds read = ReadDuration(duration, place);
  if (read.count() == 0 && place.findings().size() == before) {
    place.Refuse("must be above 0");
  }
  return read;
}

std::optional<base::Milliseconds> ReadLimit(const google::protobuf::Duration& duration,
                                            const Place& place) {
  const base::Milliseconds read = ReadDuration(duration, place);
  return read.count() == 0 ? std::nullopt : std::optional(read);
}

uint16_t ReadPort(const SocketAddress& address, const Place& place) {
  constexpr uint32_t kMaxPort = 65535;
  const Place at = place.At("port_value");
  if (address.port_specifier_case() == SocketAddress::PORT_SPECIFIER_NOT_SET) {
    at.Refuse("must be given");
  } else if (address.port_value() > kMaxPort) {
    at.Refuse(absl::StrCat("must be from 0 to 65535, got ", address.port_value()));
  }
  return static_cast<uint16_t>(address.port_value());
}

net::Address ReadAddress(const SocketAddress& address, const Place& place) {
  const uint16_t port = ReadPort(address, place);
  const Place at = place.At("address");
  absl::StatusOr<net::Address> ip = net::Address::Ip(address.address(), port);
  if (ip.ok()) return *std::move(ip);
  if (address.address().empty()) {
    at.Refuse("must be given");
  } else {
    at.Refuse(absl::StrCat("must be an IPv4 or IPv6 address, got \"", address.address(), "\""));
  }
  return net::Address();
}

net::Address ReadAddress(const Address& address, const Place& place) {
  switch (address.address_case()) {
    case Address::kSocketAddress:
      return ReadAddress(address.socket_address(), place.At("socket_address"));
    case Address::kPipe: {
      const Place at = place.At("pipe");
      absl::StatusOr<net::Address> path = net::Address::Unix(address.pipe().path());
      if (path.ok()) return *std::move(path);
      at.At("path").Refuse(path.status());
      return net::Address();
    }
    case Address::ADDRESS_NOT_SET:
      break;
  }
  place.Refuse("must hold one of socket_address, pipe");
  return net::Address();
}

net::KeepaliveOptions ReadKeepalive(const envoy::config::core::v3::TcpKeepalive& keepalive,
                                    const Place& place) {
  const auto read = [&place](const google::protobuf::UInt32Value& value, std::string_view field) {
    constexpr uint32_t kLinuxMax = 32767;  // of TCP_KEEPIDLE and TCP_KEEPINTVL
    if (value.value() < 1 || value.value() > kLinuxMax) {
      place.At(field).Refuse(
          absl::StrCat("must be from 1 to ", kLinuxMax, ", got ", value.value()));
    }
    return static_cast<int>(value.value());
  };
  net::KeepaliveOptions options;
  if (keepalive.has_keepalive_probes()) {
    options.probes = read(keepalive.keepalive_probes(), "keepalive_probes");
  }
  if (keepalive.has_keepalive_time()) {
    options.idle = std::chrono::seconds(read(keepalive.keepalive_time(), "keepalive_time"));
  }
  if (keepalive.has_keepalive_interval()) {
    options.interval =
        std::chrono::seconds(read(keepalive.keepalive_interval(), "keepalive_interval"));
  }
  return options;
}

namespace {

// Only a file: opening a pipe waits for someone who writes to it, and whoever sends the resource
// could name one.
absl::StatusOr<std::string> ReadFile(const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a file"));
  }
  return loading::ReadTextFile(path);
}

}  // namespace

std::string ReadDataSource(const DataSource& source, const Place& place) {
  switch (source.specifier_case()) {
    case DataSource::kInlineString:
      return source.inline_string();
    case DataSource::kInlineBytes:
      return source.inline_bytes();
    case DataSource::kFilename: {
      const Place at = place.At("filename");
      absl::StatusOr<std::string> text = ReadFile(source.filename());
      if (text.ok()) return *std::move(text);
      at.Refuse(text.status());
      return "";
    }
    case DataSource::kEnvironmentVariable: {
      const char* value = std::getenv(source.environment_variable().c_str());
      if (value != nullptr) return value;
      place.At("environment_variable")
          .Refuse(absl::StrCat("\"", source.environment_variable(), "\" is not set"));
      return "";
    }
    case DataSource::SPECIFIER_NOT_SET:
      break;
  }
  place.Refuse("must hold one of filename, inline_bytes, inline_string, environment_variable");
  return "";
}

void RequireAds(const ConfigSource& source, const Place& place) {
  if (source.resource_api_version() == ApiVersion::V2) {
    place.At("resource_api_version").Refuse("V2 no longer exists; give V3");
  }
  if (source.has_ads() || source.has_self()) return;
  if (source.has_api_config_source()) {
    place.At("api_config_source").Refuse("a stream of its own is not implemented; give ads: {}");
  } else {
    place.Refuse("only ads is implemented; give ads: {}");
  }
}

base::Milliseconds ReadInitialFetchTimeout(const ConfigSource& source, const Place& place) {
  constexpr base::Milliseconds kDefault{15'000};
  if (!source.has_initial_fetch_timeout()) return kDefault;
  return ReadDuration(source.initial_fetch_timeout(), place.At("initial_fetch_timeout"));
}

bool Unpack(const google::protobuf::Any& any, google::protobuf::Message& config,
            const Place& place) {
  const absl::Status status = loading::UnpackAny(any, config);
  if (!status.ok()) place.Refuse(status);
  return status.ok();
}

}  // namespace outrigger::config
