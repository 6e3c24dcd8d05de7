#include "source/config/local_reply_config.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/arena.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/format_config.h"
#include "source/config/header_edits_config.h"
#include "source/config/stream_condition.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::SubstitutionFormatString;
using envoy::extensions::filters::network::http_connection_manager::v3::LocalReplyConfig;
using envoy::extensions::filters::network::http_connection_manager::v3::ResponseMapper;

struct BodyFormat {
  http::AccessFormat format;
  std::string content_type;
};

// One mapper: which replies, and what they become.
struct Mapper {
  StreamCondition condition;
  std::optional<int> status;
  std::optional<std::string> body;
  std::optional<BodyFormat> format;
  route::HeaderEdits edits;
};

std::optional<BodyFormat> ReadBodyFormat(const SubstitutionFormatString& from, const Place& place) {
  std::optional<http::AccessFormat> format = ReadFormat(from, place);
  if (!format) return std::nullopt;
  std::string content_type = from.content_type();
  if (content_type.empty())
    content_type = from.has_json_format() ? "application/json" : "text/plain";
  return BodyFormat{*std::move(format), std::move(content_type)};
}

std::optional<Mapper> ReadMapper(const ResponseMapper& from, const RuntimeValues& runtime,
                                 const Place& place) {
  std::optional<StreamCondition> condition =
      ReadStreamCondition(from.filter(), runtime, place.At("filter"));
  if (!condition) return std::nullopt;
  Mapper mapper{.condition = *std::move(condition)};
  if (from.has_status_code()) {
    const uint32_t status = from.status_code().value();
    if (status < 200 || status > 599) {
      place.At("status_code").Refuse(base::StrCat("must be from 200 to 599, got ", status));
    }
    mapper.status = static_cast<int>(status);
  }
  if (from.has_body()) mapper.body = ReadDataSource(from.body(), place.At("body"));
  if (from.has_body_format_override()) {
    mapper.format = ReadBodyFormat(from.body_format_override(), place.At("body_format_override"));
  }
  mapper.edits = ReadHeaderEdits(from.headers_to_add(), "headers_to_add", {}, "", place);
  return mapper;
}

// Rewrites replies. Immutable; any worker.
class LocalReplies {
 public:
  LocalReplies(std::vector<Mapper> mappers, std::optional<BodyFormat> format)
      : mappers_(std::move(mappers)), format_(std::move(format)) {}

  // Returns the content type.
  std::string Rewrite(http::LocalReply& reply, const http::StreamSummary& summary) const {
    const Mapper* mapper = Find(reply, summary);
    const std::optional<BodyFormat>* format = &format_;
    // What formats print: the stream so far, with the reply as its response.
    base::Arena arena;
    http::ResponseHead head(arena);
    http::StreamSummary shown = summary;
    shown.response = &head;
    if (mapper != nullptr) {
      if (mapper->status) reply.status = *mapper->status;
      if (mapper->body) reply.body = *mapper->body;
      if (mapper->format) format = &mapper->format;
    }
    head.status = reply.status;
    if (mapper != nullptr) EditHeaders(*mapper, head, shown, reply);
    if (!format->has_value()) return "text/plain";
    std::string body;
    shown.local_reply_body = reply.body;
    (*format)->format.Append(shown, body);
    reply.body = std::move(body);
    return (*format)->content_type;
  }

 private:
  const Mapper* Find(const http::LocalReply& reply, const http::StreamSummary& summary) const {
    for (const Mapper& mapper : mappers_) {
      if (mapper.condition(summary, reply.status)) return &mapper;
    }
    return nullptr;
  }

  static void EditHeaders(const Mapper& mapper, http::ResponseHead& head,
                          const http::StreamSummary& shown, http::LocalReply& reply) {
    if (mapper.edits.empty()) return;
    for (const auto& [name, value] : reply.headers) head.headers.AddCopy(name, value);
    mapper.edits.Apply(head.headers, shown);
    reply.headers.clear();
    for (const http::Header& header : head.headers.entries()) {
      reply.headers.emplace_back(header.name(), header.value());
    }
  }

  std::vector<Mapper> mappers_;
  std::optional<BodyFormat> format_;
};

}  // namespace

downstream::LocalReplyRewrite ReadLocalReplies(const LocalReplyConfig& config,
                                               const RuntimeValues& runtime, const Place& place) {
  std::vector<Mapper> mappers;
  for (int i = 0; i < config.mappers_size(); ++i) {
    std::optional<Mapper> mapper = ReadMapper(config.mappers(i), runtime, place.At("mappers", i));
    if (mapper) mappers.push_back(*std::move(mapper));
  }
  std::optional<BodyFormat> format;
  if (config.has_body_format())
    format = ReadBodyFormat(config.body_format(), place.At("body_format"));
  return [replies = LocalReplies(std::move(mappers), std::move(format))](
             http::LocalReply& reply, const http::StreamSummary& summary) {
    return replies.Rewrite(reply, summary);
  };
}

}  // namespace outrigger::config
