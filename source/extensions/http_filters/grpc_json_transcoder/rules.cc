#include "source/extensions/http_filters/grpc_json_transcoder/rules.h"

#include <utility>

#include <google/protobuf/descriptor.h>
#include "google/api/annotations.pb.h"
#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

namespace pb = google::protobuf;
using google::api::HttpRule;

struct Pattern {
  std::string_view method;
  const std::string* path = nullptr;
};

Pattern PatternOf(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"GET", &rule.get()};
    case HttpRule::kPut:
      return {"PUT", &rule.put()};
    case HttpRule::kPost:
      return {"POST", &rule.post()};
    case HttpRule::kDelete:
      return {"DELETE", &rule.delete_()};
    case HttpRule::kPatch:
      return {"PATCH", &rule.patch()};
    case HttpRule::kCustom:
      return {rule.custom().kind(), &rule.custom().path()};
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {};
}

std::string PathOf(const pb::MethodDescriptor& method) {
  return base::StrCat("/", method.service()->full_name(), "/", method.name());
}

bool IsHttpBody(const pb::Descriptor* type) {
  return type != nullptr && type->full_name() == "google.api.HttpBody";
}

}  // namespace

void Rules::AddService(const pb::ServiceDescriptor& service, bool maps_all,
                       const config::Place& place) {
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    if (!method.options().HasExtension(google::api::http)) {
      if (!maps_all) continue;
      HttpRule rule;
      rule.set_post(PathOf(method));
      rule.set_body("*");
      AddRule(method, rule, place);
      continue;
    }
    const HttpRule& rule = method.options().GetExtension(google::api::http);
    AddRule(method, rule, place);
    for (const HttpRule& additional : rule.additional_bindings()) {
      if (additional.additional_bindings_size() > 0) {
        place.Refuse(base::StrCat("method ", method.full_name(),
                                  ": additional_bindings inside additional_bindings"));
      }
      AddRule(method, additional, place);
    }
  }
}

void Rules::AddRule(const pb::MethodDescriptor& method, const HttpRule& from,
                    const config::Place& place) {
  const Pattern pattern = PatternOf(from);
  if (pattern.path == nullptr || pattern.method.empty()) {
    place.Refuse(base::StrCat("method ", method.full_name(), ": a rule without an HTTP method"));
    return;
  }
  Rule rule{.request = method.input_type(),
            .response = method.output_type(),
            .grpc_path = PathOf(method),
            .client_streams = method.client_streaming(),
            .server_streams = method.server_streaming()};
  rule.name = base::StrCat(method.full_name(), ", ", pattern.method, " \"", *pattern.path, "\"");
  const auto refuse = [&](const absl::Status& status) {
    place.Refuse(base::StrCat("method ", rule.name, ": ", base::StdView(status.message())));
  };
  auto path = PathTemplate::Parse(*pattern.path);
  if (!path.ok()) return refuse(path.status());
  rule.path = *std::move(path);
  if (absl::Status status = ReadVariables(rule); !status.ok()) return refuse(status);
  if (absl::Status status = ReadBodies(from, rule); !status.ok()) return refuse(status);
  const auto number = static_cast<uint32_t>(rules_.size());
  if (const auto other = trie_.Add(pattern.method, rule.path, number)) {
    return refuse(base::InvalidArgument("the same requests match ", rules_[*other].name));
  }
  rules_.push_back(std::move(rule));
}

absl::Status Rules::ReadVariables(Rule& rule) const {
  for (const PathTemplate::Variable& variable : rule.path.variables) {
    std::string dotted;
    for (const std::string& name : variable.field_path) {
      base::StrAppend(&dotted, dotted.empty() ? "" : ".", name);
    }
    auto fields = ResolveFields(types_, *rule.request, dotted);
    if (!fields.ok()) return fields.status();
    if (fields->back()->is_repeated() || FitOf(*fields->back()) == TextFit::kNoText) {
      return base::InvalidArgument("variable \"", dotted,
                                   "\": a list, a map or a message cannot stand in a path");
    }
    rule.variables.push_back(*std::move(fields));
  }
  return absl::OkStatus();
}

absl::Status Rules::ReadBodies(const HttpRule& from, Rule& rule) const {
  if (from.body() == "*") {
    rule.body = Rule::Body::kMessage;
    rule.takes_raw_body = IsHttpBody(rule.request);
  } else if (!from.body().empty()) {
    rule.body = Rule::Body::kField;
    rule.body_field = types_.FindField(*rule.request, from.body());
    if (rule.body_field == nullptr) {
      return base::InvalidArgument("body \"", from.body(), "\" is no field of ",
                                   rule.request->full_name());
    }
    rule.takes_raw_body =
        !rule.body_field->is_repeated() && IsHttpBody(rule.body_field->message_type());
  }
  rule.gives_raw_body = IsHttpBody(rule.response);
  if (from.response_body().empty()) return absl::OkStatus();
  rule.response_field = types_.FindField(*rule.response, from.response_body());
  if (rule.response_field == nullptr) {
    return base::InvalidArgument("response_body \"", from.response_body(), "\" is no field of ",
                                 rule.response->full_name());
  }
  rule.gives_raw_body =
      !rule.response_field->is_repeated() && IsHttpBody(rule.response_field->message_type());
  return absl::OkStatus();
}

Rules::Match Rules::Find(std::string_view method, std::string_view path,
                         bool knows_verbs_only) const {
  auto found = trie_.Find(method, path, knows_verbs_only);
  if (!found) return {};
  const Rule* rule = &rules_[found->rule];
  return {.rule = rule, .path = *std::move(found)};
}

}  // namespace outrigger::grpc_json_transcoder
