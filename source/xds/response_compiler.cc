#include "source/xds/response_compiler.h"

#include "source/base/text.h"

namespace outrigger::xds {

ResponseCompiler::ResponseCompiler(Protocol protocol, const std::vector<const ResourceType*>& types,
                                   ResourceLimits limits)
    : protocol_(protocol), limits_(limits) {
  for (const ResourceType* type : types) sets_.push_back({.type = type});
}

Outcome ResponseCompiler::Compile(std::string_view bytes) {
  Outcome out;
  absl::StatusOr<Response> response = ReadResponse(protocol_, bytes);
  if (!response.ok()) {
    out.status = response.status();
    return out;
  }
  out.type_url = response->type_url;
  out.version = out.update.version = response->version;
  out.nonce = response->nonce;
  out.control_plane = response->control_plane;
  out.resource_count = response->resources.size();
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (TypeNameOf(sets_[i].type->url) == TypeNameOf(response->type_url)) out.type = i;
  }
  if (!out.type.has_value()) return out;
  if (!response->duplicates.empty()) {
    out.refusal = base::StrCat("refused as a whole: ", response->duplicates.size(),
                               " name(s) came more than once, such as \"",
                               response->duplicates.front(), "\"");
    return out;
  }
  Set& set = sets_[*out.type];
  ++response_number_;
  for (ReceivedResource& received : response->resources) Take(set, std::move(received), out);
  FindRemoved(set, *response, out);
  out.taken = out.update.changed;
  return out;
}

void ResponseCompiler::Take(Set& set, ReceivedResource received, Outcome& out) {
  WireResource& resource = received.resource;
  if (resource.name.empty()) {
    Refuse(std::move(resource), std::move(received.flaw), out);
    return;
  }
  auto at = set.held.find(resource.name);
  const bool is_new = at == set.held.end();
  if (received.is_heartbeat && received.flaw.empty()) {
    if (is_new) return;  // of what we do not hold: nothing to keep alive
    at->second.seen_in = response_number_;
    TakeTtl(at->second, received, out);
    return;
  }
  const size_t before = is_new ? 0 : at->second.bytes;
  const size_t bytes = resource.body.value().size();
  if ((is_new && set.held.size() >= limits_.count) || set.bytes - before + bytes > limits_.bytes) {
    if (!is_new) at->second.seen_in = response_number_;
    out.overflow = base::StrCat("\"", resource.name, "\" and perhaps others are over the limit of ",
                                limits_.count, " resources and ", limits_.bytes,
                                " bytes of one type; send fewer");
    return;
  }
  if (is_new) at = set.held.try_emplace(resource.name).first;
  Held& held = at->second;
  held.seen_in = response_number_;
  set.bytes += bytes - before;
  held.bytes = bytes;
  if (!received.flaw.empty()) {
    held.is_refused = true;
    Refuse(std::move(resource), std::move(received.flaw), out);
    return;
  }
  TakeTtl(held, received, out);
  CompileChanged(set, held, std::move(resource), out);
}

void ResponseCompiler::CompileChanged(Set& set, Held& held, WireResource resource, Outcome& out) {
  const base::Fingerprint fingerprint = base::FingerprintOf(resource.body.value());
  if (held.accepted == fingerprint) {
    // SotW has one version for all: that of a resource is the one it changed in.
    const bool has_new_version = protocol_ == Protocol::kDelta && held.version != resource.version;
    if (held.is_refused || has_new_version) {
      out.reaffirmed.emplace_back(resource.name, resource.version);
    }
    held.is_refused = false;
    held.version = std::move(resource.version);
    return;
  }
  absl::StatusOr<ResourceType::Compiled> compiled = set.type->compile(resource.body);
  if (compiled.ok() && compiled->name != resource.name) {
    compiled = base::InvalidArgument("name: the envelope says \"", resource.name,
                                     "\", the resource \"", compiled->name, "\"");
  }
  if (!compiled.ok()) {
    held.is_refused = true;
    Refuse(std::move(resource), std::string(base::StdView(compiled.status().message())), out);
    return;
  }
  held.accepted = fingerprint;
  held.version = resource.version;
  held.is_refused = false;
  for (std::string& field : compiled->unknown_fields) {
    out.unknown_fields.push_back(base::StrCat(resource.name, ": ", field));
  }
  out.update.changed.push_back({.name = std::move(resource.name),
                                .version = std::move(resource.version),
                                .body = std::move(resource.body),
                                .compiled = std::move(compiled->object)});
}

void ResponseCompiler::TakeTtl(Held& held, const ReceivedResource& received, Outcome& out) {
  if (received.ttl.has_value() || held.has_ttl) {
    out.ttls.emplace_back(received.resource.name, received.ttl);
  }
  held.has_ttl = received.ttl.has_value();
}

void ResponseCompiler::FindRemoved(Set& set, Response& response, Outcome& out) {
  if (protocol_ == Protocol::kDelta) {
    for (std::string& name : response.removed) {
      const auto at = set.held.find(name);
      if (at != set.held.end() && at->second.seen_in == response_number_) continue;  // also sent
      Erase(set, name);
      out.update.removed.push_back(std::move(name));
    }
    return;
  }
  // A resource that cannot even be named may be any of those that seem to be missing.
  if (!set.type->is_wildcard || response.has_nameless) return;
  for (const auto& [name, held] : set.held) {
    if (held.seen_in != response_number_) out.update.removed.push_back(name);
  }
  for (const std::string& name : out.update.removed) Erase(set, name);
}

void ResponseCompiler::Refuse(WireResource resource, std::string reason, Outcome& out) {
  out.update.refused.push_back({.name = std::move(resource.name),
                                .version = std::move(resource.version),
                                .body = std::move(resource.body),
                                .reason = std::move(reason)});
}

void ResponseCompiler::Erase(Set& set, const std::string& name) {
  const auto at = set.held.find(name);
  if (at == set.held.end()) return;
  set.bytes -= at->second.bytes;
  set.held.erase(at);
}

void ResponseCompiler::Doubt(size_t type, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto at = sets_[type].held.find(name);
    if (at == sets_[type].held.end()) continue;
    at->second.accepted.reset();
    at->second.is_refused = true;
  }
}

void ResponseCompiler::Forget(size_t type, const std::vector<std::string>& names) {
  for (const std::string& name : names) Erase(sets_[type], name);
}

}  // namespace outrigger::xds
