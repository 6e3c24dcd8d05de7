#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"

#include <google/protobuf/descriptor.h>
#include "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.pb.h"
#include "google/api/httpbody.pb.h"
#include "source/base/text.h"
#include "source/config/loading/text_file.h"
#include "source/extensions/http_filters/grpc_json_transcoder/wire.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using google::api::HttpBody;
using UnknownQueryParams =
    envoy::extensions::filters::http::grpc_json_transcoder::v3::UnknownQueryParams;

absl::StatusOr<std::string> ReadDescriptorSet(const Transcoding::Config& config) {
  if (!config.has_proto_descriptor()) return config.proto_descriptor_bin();
  return loading::ReadTextFile(config.proto_descriptor());
}

size_t ReadLimit(const google::protobuf::UInt32Value& limit, const config::Place& place) {
  if (limit.value() == 0) place.Refuse("must be at least 1, got 0");
  return limit.value();
}

bool IsUtf8(std::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(),
                                                             static_cast<int>(text.size()));
}

// RFC 9110 5.5, without the tab.
bool IsHeaderValue(std::string_view text) {
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

absl::Status WrongEscape(std::string_view where, std::string_view text) {
  return base::InvalidArgument(where, ": '%' without two hexadecimal digits in ",
                               QuoteJson(text.substr(0, 100)));
}

}  // namespace

std::unique_ptr<const Transcoding> Transcoding::Read(const Config& config,
                                                     const config::Place& place) {
  const size_t findings = place.findings().size();
  const std::string_view field =
      config.has_proto_descriptor() ? "proto_descriptor" : "proto_descriptor_bin";
  const config::Place descriptor_place = place.At(field);
  auto set = ReadDescriptorSet(config);
  if (!set.ok()) {
    descriptor_place.Refuse(set.status());
    return nullptr;
  }
  if (set->empty() && config.services_size() > 0) {
    descriptor_place.Refuse(
        "is empty, but services are given; make a descriptor set with "
        "`protoc --include_imports --descriptor_set_out`");
    return nullptr;
  }
  auto types = MessageTypes::Build(*set);
  if (!types.ok()) {
    descriptor_place.Refuse(types.status());
    return nullptr;
  }
  std::unique_ptr<Transcoding> made(new Transcoding(*std::move(types)));
  made->ReadOptions(config, place);
  for (int i = 0; i < config.services_size(); ++i) {
    const config::Place service_place = place.At("services", i);
    const auto* service = made->types_->FindService(config.services(i));
    if (service == nullptr) {
      service_place.Refuse(base::StrCat("the descriptor set has no service \"", config.services(i),
                                        "\"; give its full name, with the package"));
      continue;
    }
    made->rules_.AddService(*service, config.auto_mapping(), service_place);
  }
  if (place.findings().size() > findings) return nullptr;
  return made;
}

void Transcoding::ReadOptions(const Config& config, const config::Place& place) {
  const auto& print = config.print_options();
  if (print.stream_newline_delimited()) stream_form_ = StreamForm::kLines;
  if (print.stream_sse_style_delimited()) stream_form_ = StreamForm::kEvents;
  if (print.add_whitespace() && stream_form_ != StreamForm::kArray) {
    const config::Place print_place = place.At("print_options");
    print_place.At("add_whitespace")
        .Refuse(
            "not together with stream_newline_delimited or stream_sse_style_delimited, whose "
            "messages are single lines");
  }
  printing_ = {.adds_whitespace = print.add_whitespace(),
               .always_prints_primitives = print.always_print_primitive_fields(),
               .prints_enums_as_numbers = print.always_print_enums_as_ints(),
               .keeps_proto_names = print.preserve_proto_field_names()};
  parsing_ = {.is_enum_case_insensitive = config.case_insensitive_enum_parsing()};
  switch (config.url_unescape_spec()) {
    case Config::ALL_CHARACTERS_EXCEPT_RESERVED:
      unescape_ = Unescape::kAllButReserved;
      break;
    case Config::ALL_CHARACTERS_EXCEPT_SLASH:
      unescape_ = Unescape::kAllButSlash;
      break;
    case Config::ALL_CHARACTERS:
      unescape_ = Unescape::kAll;
      break;
    default:
      place.At("url_unescape_spec")
          .Refuse(base::StrCat("unknown value ", static_cast<int>(config.url_unescape_spec())));
  }
  const auto& validation = config.request_validation_options();
  ignored_query_ = {config.ignored_query_parameters().begin(),
                    config.ignored_query_parameters().end()};
  unknown_query_ = config.ignore_unknown_query_parameters()       ? Unknown::kIgnore
                   : validation.reject_unknown_query_parameters() ? Unknown::kRefuse
                                                                  : Unknown::kPass;
  captures_query_ = config.capture_unknown_query_parameters();
  plus_is_space_ = config.query_param_unescape_plus();
  knows_verbs_only_ = !config.match_unregistered_custom_verb();
  refuses_unknown_methods_ = validation.reject_unknown_method();
  refuses_collisions_ = validation.reject_binding_body_field_collisions();
  keeps_route_ = config.match_incoming_request_route();
  answers_errors_in_json_ = config.convert_grpc_status();
  if (config.has_max_request_body_size()) {
    max_request_bytes_ =
        ReadLimit(config.max_request_body_size(), place.At("max_request_body_size"));
  }
  if (config.has_max_response_body_size()) {
    max_response_bytes_ =
        ReadLimit(config.max_response_body_size(), place.At("max_response_body_size"));
  }
}

absl::StatusOr<Transcoding::Call> Transcoding::Understand(const http::RequestHead& head) const {
  const Rules::Match match = rules_.Find(head.method_text, head.path(), knows_verbs_only_);
  if (match.rule == nullptr) {
    if (!refuses_unknown_methods_) return Call{};
    return absl::NotFoundError("no gRPC method is called by this method and path");
  }
  Call call{.rule = match.rule};
  Captured captured;
  // The path's fields come behind those of the query, so they hold where both name one.
  auto unknown = TakeQuery(head.query(), call, captured);
  if (!unknown.ok()) return unknown.status();
  if (*unknown == Unknown::kPass) return Call{};
  if (absl::Status status = TakePath(match, call); !status.ok()) return status;
  if (!captured.empty()) {
    UnknownQueryParams params;
    for (auto& [name, value] : captured) {
      (*params.mutable_key())[name].add_values(std::move(value));
    }
    call.unknown_query = params.SerializeAsString();
  }
  return call;
}

absl::Status Transcoding::TakeField(const FieldPath& path, std::string_view text,
                                    Call& call) const {
  auto field = EncodeText(path, text, codec_, parsing_);
  if (!field.ok()) return field.status();
  call.fields += *field;
  return absl::OkStatus();
}

absl::Status Transcoding::TakePath(const Rules::Match& match, Call& call) const {
  for (size_t i = 0; i < match.rule->variables.size(); ++i) {
    const PathTemplate::Variable& variable = match.rule->path.variables[i];
    const std::string_view raw = match.path.Value(match.rule->path, variable);
    const auto text = PercentDecode(raw, variable.has_many_segments ? unescape_ : Unescape::kAll);
    if (!text) return WrongEscape(Dotted(match.rule->variables[i]), raw);
    if (absl::Status status = TakeField(match.rule->variables[i], *text, call); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

// kPass: a parameter is unknown, and the request is to pass as it is. Otherwise kIgnore.
absl::StatusOr<Transcoding::Unknown> Transcoding::TakeQuery(std::string_view query, Call& call,
                                                            Captured& captured) const {
  const Rule& rule = *call.rule;
  for (size_t count = 1; !query.empty(); ++count) {
    if (count > kMaxQueryParameters) {
      return base::InvalidArgument("more than ", kMaxQueryParameters, " query parameters");
    }
    const size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    const auto name = PercentDecode(parameter.substr(0, equals), Unescape::kAll, plus_is_space_);
    const auto value = PercentDecode(
        equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1),
        Unescape::kAll, plus_is_space_);
    if (!name || !value) return WrongEscape("query", parameter);
    if (ignored_query_.contains(*name)) continue;
    const auto path = ResolveFields(*types_, *rule.request, *name);
    if (path.ok() && FitOf(*path->back()) == TextFit::kFits) {
      if (absl::Status status = TakeField(*path, *value, call); !status.ok()) return status;
    } else if (captures_query_ && rule.takes_raw_body) {
      if (!IsUtf8(*name) || !IsUtf8(*value)) {
        return base::InvalidArgument("query parameter ", QuoteJson(name->substr(0, 100)),
                                     ": must be UTF-8");
      }
      captured.emplace_back(*name, *value);
    } else if (unknown_query_ == Unknown::kPass) {
      return Unknown::kPass;
    } else if (unknown_query_ == Unknown::kRefuse) {
      return base::InvalidArgument("query parameter ", QuoteJson(name->substr(0, 100)),
                                   " is no field of ", rule.request->full_name(),
                                   " that text can be given for");
    }
  }
  return Unknown::kIgnore;
}

absl::StatusOr<std::string> Transcoding::ToMessage(const Rule& rule, const Call* call,
                                                   std::string_view content_type,
                                                   std::string_view body) const {
  std::string message = call == nullptr ? std::string() : call->fields;
  if (rule.takes_raw_body) {
    std::string raw;
    if (!IsUtf8(content_type)) return base::InvalidArgument("content-type: must be UTF-8");
    if (!content_type.empty()) AppendBytes(HttpBody::kContentTypeFieldNumber, content_type, raw);
    AppendBytes(HttpBody::kDataFieldNumber, body, raw);
    if (call != nullptr && !call->unknown_query.empty()) {
      google::protobuf::Any any;
      any.set_type_url(base::StrCat(kTypeUrlPrefix, UnknownQueryParams::descriptor()->full_name()));
      any.set_value(call->unknown_query);
      AppendBytes(HttpBody::kExtensionsFieldNumber, any.SerializeAsString(), raw);
    }
    if (rule.body == Rule::Body::kMessage) return message + raw;
    AppendBytes(rule.body_field->number(), raw, message);
    return message;
  }
  if (base::StripSpaces(body).empty()) return message;
  if (rule.body == Rule::Body::kNone) {
    return base::InvalidArgument("this method and path take no body");
  }
  auto parsed = rule.body == Rule::Body::kMessage
                    ? codec_.Parse(*rule.request, body, parsing_)
                    : codec_.ParseField(*rule.request, *rule.body_field, body, parsing_);
  if (!parsed.ok()) return parsed;
  if (refuses_collisions_ && call != nullptr) {
    const absl::Status status = CheckCollisions(*rule.request, call->fields, *parsed);
    if (!status.ok()) return status;
  }
  message += *parsed;
  return message;
}

absl::StatusOr<std::string> Transcoding::FromMessage(const Rule& rule, std::string_view message,
                                                     std::string& content_type) const {
  if (!rule.gives_raw_body) {
    return rule.response_field == nullptr
               ? codec_.Print(*rule.response, message, printing_)
               : codec_.PrintField(*rule.response, *rule.response_field, message, printing_);
  }
  std::string inner;
  if (rule.response_field != nullptr) {
    WireReader reader(message);
    while (const auto part = reader.Next()) {
      if (part->number == rule.response_field->number()) inner += part->payload;
    }
    if (reader.is_malformed()) return base::InvalidArgument("the message is malformed");
    message = inner;
  }
  std::string data;
  WireReader reader(message);
  while (const auto part = reader.Next()) {
    if (part->type != WireType::kBytes) continue;
    if (part->number == HttpBody::kContentTypeFieldNumber) content_type = part->payload;
    if (part->number == HttpBody::kDataFieldNumber) data = part->payload;
  }
  if (reader.is_malformed()) return base::InvalidArgument("the google.api.HttpBody is malformed");
  if (!IsHeaderValue(content_type)) {
    return base::InvalidArgument("the content_type of the google.api.HttpBody is no header value");
  }
  return data;
}

}  // namespace outrigger::grpc_json_transcoder
