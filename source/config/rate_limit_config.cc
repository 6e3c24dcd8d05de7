#include "source/config/rate_limit_config.h"

#include <utility>

#include "source/base/text.h"
#include "source/config/matcher_config.h"
#include "source/route/route.h"

namespace outrigger::config {
namespace {

using Proto = envoy::config::route::v3::RateLimit::Action;
using Action = route::RateLimit::Action;
using Outcome = route::RateLimit::Outcome;
using route::Descriptor;

constexpr uint32_t kHighestStage = 10;

std::string Required(const std::string& text, const Place& place, std::string_view field) {
  if (text.empty()) place.At(field).Refuse("must be given");
  return text;
}

std::string OrElse(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

Outcome Add(Descriptor& out, const std::string& key, std::string_view value) {
  out.emplace_back(key, value);
  return Outcome::kAdded;
}

Action GenericKey(const Proto::GenericKey& proto, const Place& place) {
  return [key = OrElse(proto.descriptor_key(), "generic_key"),
          value = Required(proto.descriptor_value(), place, "descriptor_value")](
             http::StreamView&, Descriptor& out) { return Add(out, key, value); };
}

Action RequestHeader(const Proto::RequestHeaders& proto, const Place& place) {
  return [name = Required(proto.header_name(), place, "header_name"),
          key = Required(proto.descriptor_key(), place, "descriptor_key"),
          absent = proto.skip_if_absent() ? Outcome::kSkipped : Outcome::kMissing](
             http::StreamView& stream, Descriptor& out) {
    const auto value = stream.request().Lookup(name);
    return value ? Add(out, key, *value) : absent;
  };
}

Action QueryParameter(const Proto::QueryParameters& proto, const Place& place) {
  return [name = Required(proto.query_parameter_name(), place, "query_parameter_name"),
          key = Required(proto.descriptor_key(), place, "descriptor_key"),
          absent = proto.skip_if_absent() ? Outcome::kSkipped : Outcome::kMissing](
             http::StreamView& stream, Descriptor& out) {
    const auto value = route::QueryValue(stream.request().query(), name);
    return value ? Add(out, key, *value) : absent;
  };
}

// The client's address; null when it has none.
const net::Address* ClientIp(http::StreamView& stream) {
  const net::Address* address = stream.summary().downstream_remote;
  return address != nullptr && address->is_ip() ? address : nullptr;
}

Action RemoteAddress() {
  return [](http::StreamView& stream, Descriptor& out) {
    const net::Address* client = ClientIp(stream);
    return client == nullptr ? Outcome::kMissing : Add(out, "remote_address", client->ip());
  };
}

uint32_t MaskBits(bool is_given, uint32_t bits, uint32_t most, const Place& place) {
  if (!is_given) return most;
  if (bits > most) place.Refuse(base::StrCat("must be 0-", most, ", got ", bits));
  return bits;
}

Action MaskedAddress(const Proto::MaskedRemoteAddress& proto, const Place& place) {
  const uint32_t v4 = MaskBits(proto.has_v4_prefix_mask_len(), proto.v4_prefix_mask_len().value(),
                               32, place.At("v4_prefix_mask_len"));
  const uint32_t v6 = MaskBits(proto.has_v6_prefix_mask_len(), proto.v6_prefix_mask_len().value(),
                               128, place.At("v6_prefix_mask_len"));
  return [v4, v6](http::StreamView& stream, Descriptor& out) {
    const net::Address* client = ClientIp(stream);
    if (client == nullptr) return Outcome::kMissing;
    const auto range = net::Cidr::Make(client->ip(), client->family() == AF_INET ? v4 : v6);
    if (!range.ok()) return Outcome::kMissing;
    return Add(out, "masked_remote_address", range->ToString());
  };
}

// A fixed entry when all of `matchers` hold, or, unless `expected`, when they do not.
template <typename Matcher, typename Holds>
Action WhenAll(std::vector<Matcher> matchers, bool expected, std::string key, std::string value,
               Holds holds) {
  return [matchers = std::move(matchers), expected, key = std::move(key), value = std::move(value),
          holds](http::StreamView& stream, Descriptor& out) {
    bool all = true;
    for (const Matcher& matcher : matchers) all = all && holds(matcher, stream.request());
    return all == expected ? Add(out, key, value) : Outcome::kMissing;
  };
}

Action HeaderMatch(const Proto::HeaderValueMatch& proto, const Place& place) {
  std::vector<route::HeaderMatcher> matchers;
  for (int i = 0; i < proto.headers_size(); ++i) {
    auto matcher = ReadHeaderMatcher(proto.headers(i), place.At("headers", i));
    if (matcher) matchers.push_back(*std::move(matcher));
  }
  if (proto.headers().empty()) place.At("headers").Refuse("at least one is needed");
  return WhenAll(std::move(matchers), !proto.has_expect_match() || proto.expect_match().value(),
                 OrElse(proto.descriptor_key(), "header_match"),
                 Required(proto.descriptor_value(), place, "descriptor_value"),
                 [](const route::HeaderMatcher& matcher, const http::RequestHead& head) {
                   return matcher.Matches(head);
                 });
}

Action QueryMatch(const Proto::QueryParameterValueMatch& proto, const Place& place) {
  std::vector<route::QueryMatcher> matchers;
  for (int i = 0; i < proto.query_parameters_size(); ++i) {
    auto matcher = ReadQueryMatcher(proto.query_parameters(i), place.At("query_parameters", i));
    if (matcher) matchers.push_back(*std::move(matcher));
  }
  if (matchers.empty()) place.At("query_parameters").Refuse("at least one is needed");
  return WhenAll(std::move(matchers), !proto.has_expect_match() || proto.expect_match().value(),
                 OrElse(proto.descriptor_key(), "query_match"),
                 Required(proto.descriptor_value(), place, "descriptor_value"),
                 [](const route::QueryMatcher& matcher, const http::RequestHead& head) {
                   return matcher.MatchesQuery(head.query());
                 });
}

Action AddressMatch(const Proto::RemoteAddressMatch& proto, const Place& place) {
  const Place matcher = place.At("address_matcher");
  std::vector<net::Cidr> ranges;
  for (int i = 0; i < proto.address_matcher().ranges_size(); ++i) {
    const auto& range = proto.address_matcher().ranges(i);
    auto cidr = net::Cidr::Make(range.address_prefix(), range.prefix_len().value());
    if (cidr.ok()) {
      ranges.push_back(*cidr);
    } else {
      matcher.At("ranges", i).Refuse(cidr.status());
    }
  }
  if (proto.address_matcher().ranges().empty()) {
    matcher.At("ranges").Refuse("at least one is needed");
  }
  return [ranges = std::move(ranges), invert = proto.address_matcher().invert_match(),
          key = OrElse(proto.descriptor_key(), "remote_address_match"),
          value = Required(proto.descriptor_value(), place, "descriptor_value")](
             http::StreamView& stream, Descriptor& out) {
    const net::Address* client = ClientIp(stream);
    if (client == nullptr) return Outcome::kMissing;
    bool is_inside = false;
    for (const net::Cidr& range : ranges) is_inside = is_inside || range.Contains(*client);
    return is_inside != invert ? Add(out, key, value) : Outcome::kMissing;
  };
}

// The one that was chosen for the stream; of a weighted choice too.
Action DestinationCluster() {
  return [](http::StreamView& stream, Descriptor& out) {
    const route::Route* route = stream.route();
    const route::ForwardAction* forward = route == nullptr ? nullptr : route->forward();
    if (forward == nullptr) return Outcome::kMissing;
    const route::WeightedTarget* target = stream.weighted_target();
    if (target != nullptr && target->cluster_header.empty()) {
      return Add(out, "destination_cluster", target->cluster.name);
    }
    const auto name = stream.request().Lookup(target == nullptr ? forward->cluster_header
                                                                : target->cluster_header);
    return name ? Add(out, "destination_cluster", *name) : Outcome::kMissing;
  };
}

Action NotImplemented(std::string_view kind, const Place& place) {
  place.At(kind).Refuse("not implemented");
  return Action();
}

// Returns an action that must not be called after a refusal.
Action ReadAction(const Proto& proto, const Place& place) {
  switch (proto.action_specifier_case()) {
    case Proto::kGenericKey:
      return GenericKey(proto.generic_key(), place.At("generic_key"));
    case Proto::kRequestHeaders:
      return RequestHeader(proto.request_headers(), place.At("request_headers"));
    case Proto::kQueryParameters:
      return QueryParameter(proto.query_parameters(), place.At("query_parameters"));
    case Proto::kRemoteAddress:
      return RemoteAddress();
    case Proto::kMaskedRemoteAddress:
      return MaskedAddress(proto.masked_remote_address(), place.At("masked_remote_address"));
    case Proto::kHeaderValueMatch:
      return HeaderMatch(proto.header_value_match(), place.At("header_value_match"));
    case Proto::kQueryParameterValueMatch:
      return QueryMatch(proto.query_parameter_value_match(),
                        place.At("query_parameter_value_match"));
    case Proto::kRemoteAddressMatch:
      return AddressMatch(proto.remote_address_match(), place.At("remote_address_match"));
    case Proto::kDestinationCluster:
      return DestinationCluster();
    case Proto::kSourceCluster:
      return NotImplemented("source_cluster", place);
    case Proto::kMetadata:
      return NotImplemented("metadata", place);
    case Proto::kDynamicMetadata:
      return NotImplemented("dynamic_metadata", place);
    case Proto::kExtension:
      return NotImplemented("extension", place);
    case Proto::ACTION_SPECIFIER_NOT_SET:
      break;
  }
  place.Refuse(
      "must hold one of generic_key, request_headers, query_parameters, remote_address, "
      "masked_remote_address, remote_address_match, header_value_match, "
      "query_parameter_value_match, destination_cluster");
  return Action();
}

route::RateLimit ReadRateLimit(const envoy::config::route::v3::RateLimit& proto,
                               const Place& place) {
  if (proto.has_limit()) place.At("limit").Refuse("not implemented");
  if (proto.has_hits_addend()) place.At("hits_addend").Refuse("not implemented");
  if (!proto.disable_key().empty()) place.At("disable_key").Refuse("not implemented");
  if (proto.actions().empty()) place.At("actions").Refuse("at least one is needed");
  if (proto.stage().value() > kHighestStage) {
    place.At("stage").Refuse(base::StrCat("must be 0-10, got ", proto.stage().value()));
  }
  std::vector<Action> actions;
  actions.reserve(static_cast<size_t>(proto.actions_size()));
  for (int i = 0; i < proto.actions_size(); ++i) {
    actions.push_back(ReadAction(proto.actions(i), place.At("actions", i)));
  }
  return route::RateLimit(proto.stage().value(), std::move(actions));
}

}  // namespace

route::RateLimits ReadRateLimits(
    const google::protobuf::RepeatedPtrField<envoy::config::route::v3::RateLimit>& limits,
    const Place& place) {
  route::RateLimits read;
  read.reserve(static_cast<size_t>(limits.size()));
  for (int i = 0; i < limits.size(); ++i) {
    read.push_back(ReadRateLimit(limits[i], place.At("rate_limits", i)));
  }
  return read;
}

}  // namespace outrigger::config
