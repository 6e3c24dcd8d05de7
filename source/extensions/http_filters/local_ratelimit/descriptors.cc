#include "source/extensions/http_filters/local_ratelimit/descriptors.h"

#include "source/base/text.h"
#include "source/config/matcher_config.h"
#include "source/route/route.h"

namespace outrigger::local_ratelimit {
namespace {

using RateLimit = envoy::config::route::v3::RateLimit;

std::string OrElse(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

}  // namespace

absl::StatusOr<DescriptorSource> DescriptorSource::Compile(const RateLimit& proto) {
  if (proto.has_limit() || proto.has_hits_addend() || !proto.disable_key().empty()) {
    return base::InvalidArgument("limit, hits_addend and disable_key: not implemented");
  }
  DescriptorSource source;
  for (int i = 0; i < proto.actions_size(); ++i) {
    auto action = CompileAction(proto.actions(i));
    if (!action.ok()) {
      return base::InvalidArgument("actions[", i, "].", base::StdView(action.status().message()));
    }
    source.actions_.push_back(*std::move(action));
  }
  if (source.actions_.empty()) return base::InvalidArgument("actions: at least one is needed");
  return source;
}

std::optional<Descriptor> DescriptorSource::Make(http::StreamView& stream) const {
  Descriptor descriptor;
  for (const Action& action : actions_) {
    if (action(stream, descriptor) == Outcome::kMissing) return std::nullopt;
  }
  if (descriptor.empty()) return std::nullopt;
  return descriptor;
}

absl::StatusOr<DescriptorSource::Action> DescriptorSource::CompileAction(const Proto& proto) {
  switch (proto.action_specifier_case()) {
    case Proto::kGenericKey:
      return GenericKey(proto.generic_key());
    case Proto::kRequestHeaders:
      return RequestHeader(proto.request_headers());
    case Proto::kQueryParameters:
      return QueryParameter(proto.query_parameters());
    case Proto::kRemoteAddress:
      return RemoteAddress();
    case Proto::kMaskedRemoteAddress:
      return MaskedAddress(proto.masked_remote_address());
    case Proto::kHeaderValueMatch:
      return HeaderMatch(proto.header_value_match());
    case Proto::kQueryParameterValueMatch:
      return QueryMatch(proto.query_parameter_value_match());
    case Proto::kDestinationCluster:
      return DestinationCluster();
    default:
      return base::InvalidArgument(
          "action_specifier: this kind is not implemented; known: generic_key, request_headers, "
          "query_parameters, remote_address, masked_remote_address, header_value_match, "
          "query_parameter_value_match, destination_cluster");
  }
}

DescriptorSource::Action DescriptorSource::GenericKey(const Proto::GenericKey& proto) {
  return [key = OrElse(proto.descriptor_key(), "generic_key"), value = proto.descriptor_value()](
             http::StreamView&, Descriptor& out) {
    out.emplace_back(key, value);
    return Outcome::kAdded;
  };
}

DescriptorSource::Action DescriptorSource::RequestHeader(const Proto::RequestHeaders& proto) {
  return [name = proto.header_name(), key = proto.descriptor_key(),
          absent = proto.skip_if_absent() ? Outcome::kSkipped : Outcome::kMissing](
             http::StreamView& stream, Descriptor& out) {
    const auto value = stream.request().Lookup(name);
    if (!value) return absent;
    out.emplace_back(key, *value);
    return Outcome::kAdded;
  };
}

DescriptorSource::Action DescriptorSource::QueryParameter(const Proto::QueryParameters& proto) {
  return [name = proto.query_parameter_name(), key = proto.descriptor_key(),
          absent = proto.skip_if_absent() ? Outcome::kSkipped : Outcome::kMissing](
             http::StreamView& stream, Descriptor& out) {
    const auto value = route::QueryValue(stream.request().query(), name);
    if (!value) return absent;
    out.emplace_back(key, *value);
    return Outcome::kAdded;
  };
}

DescriptorSource::Action DescriptorSource::RemoteAddress() {
  return [](http::StreamView& stream, Descriptor& out) {
    const net::Address* address = stream.summary().downstream_remote;
    if (address == nullptr || !address->is_ip()) return Outcome::kMissing;
    out.emplace_back("remote_address", address->ip());
    return Outcome::kAdded;
  };
}

DescriptorSource::Action DescriptorSource::MaskedAddress(const Proto::MaskedRemoteAddress& proto) {
  const uint32_t v4 = proto.has_v4_prefix_mask_len() ? proto.v4_prefix_mask_len().value() : 32;
  const uint32_t v6 = proto.has_v6_prefix_mask_len() ? proto.v6_prefix_mask_len().value() : 128;
  return [v4, v6](http::StreamView& stream, Descriptor& out) {
    const net::Address* address = stream.summary().downstream_remote;
    if (address == nullptr || !address->is_ip()) return Outcome::kMissing;
    const auto range = net::Cidr::Make(address->ip(), address->family() == AF_INET ? v4 : v6);
    if (!range.ok()) return Outcome::kMissing;
    out.emplace_back("masked_remote_address", range->ToString());
    return Outcome::kAdded;
  };
}

absl::StatusOr<DescriptorSource::Action> DescriptorSource::HeaderMatch(
    const Proto::HeaderValueMatch& proto) {
  config::Findings findings;
  const config::Place place(findings);
  std::vector<route::HeaderMatcher> matchers;
  for (int i = 0; i < proto.headers_size(); ++i) {
    auto matcher = config::ReadHeaderMatcher(proto.headers(i), place.At("header_value_match.headers", i));
    if (matcher) matchers.push_back(*std::move(matcher));
  }
  if (findings.size() > 0) return findings.ToStatus();
  const bool expected = !proto.has_expect_match() || proto.expect_match().value();
  return Action([matchers = std::move(matchers), expected,
                 key = OrElse(proto.descriptor_key(), "header_match"),
                 value = proto.descriptor_value()](http::StreamView& stream, Descriptor& out) {
    bool all = true;
    for (const auto& matcher : matchers) all = all && matcher.Matches(stream.request());
    if (all != expected) return Outcome::kMissing;
    out.emplace_back(key, value);
    return Outcome::kAdded;
  });
}

absl::StatusOr<DescriptorSource::Action> DescriptorSource::QueryMatch(
    const Proto::QueryParameterValueMatch& proto) {
  config::Findings findings;
  const config::Place place(findings);
  std::vector<route::QueryMatcher> matchers;
  for (int i = 0; i < proto.query_parameters_size(); ++i) {
    auto matcher = config::ReadQueryMatcher(proto.query_parameters(i), place.At("query_parameter_value_match.query_parameters", i));
    if (matcher) matchers.push_back(*std::move(matcher));
  }
  if (findings.size() > 0) return findings.ToStatus();
  const bool expected = !proto.has_expect_match() || proto.expect_match().value();
  return Action([matchers = std::move(matchers), expected,
                 key = OrElse(proto.descriptor_key(), "query_match"),
                 value = proto.descriptor_value()](http::StreamView& stream, Descriptor& out) {
    bool all = true;
    for (const auto& matcher : matchers) all = all && matcher.MatchesQuery(stream.request().query());
    if (all != expected) return Outcome::kMissing;
    out.emplace_back(key, value);
    return Outcome::kAdded;
  });
}

DescriptorSource::Action DescriptorSource::DestinationCluster() {
  return [](http::StreamView& stream, Descriptor& out) {
    const route::Route* route = stream.route();
    const route::ForwardAction* forward = route == nullptr ? nullptr : route->forward();
    if (forward == nullptr || forward->weighted.size() != 1) return Outcome::kMissing;
    out.emplace_back("destination_cluster", forward->weighted.front().cluster.name);
    return Outcome::kAdded;
  };
}

}  // namespace outrigger::local_ratelimit
