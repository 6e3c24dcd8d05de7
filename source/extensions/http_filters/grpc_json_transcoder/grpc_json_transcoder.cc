#include "source/extensions/http_filters/grpc_json_transcoder/grpc_json_transcoder.h"

#include <memory>
#include <utility>

#include "source/extensions/http_filters/grpc_json_transcoder/transcoder_stream.h"
#include "source/extensions/http_filters/grpc_json_transcoder/transcoding.h"

namespace outrigger::grpc_json_transcoder {
namespace {

absl::StatusOr<std::shared_ptr<const Transcoding>> Read(const Config& config) {
  config::Findings findings;
  std::shared_ptr<const Transcoding> transcoding =
      Transcoding::Read(config, config::Place(findings));
  if (findings.size() > 0) return findings.ToStatus();
  return transcoding;
}

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext&) {
  auto transcoding = Read(config);
  if (!transcoding.ok()) return transcoding.status();
  return http::HttpFilterFactory([transcoding = *transcoding](http::FilterStream& stream) {
    return std::make_unique<TranscoderStream>(*transcoding, stream);
  });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext&) {
  auto transcoding = Read(config);
  if (!transcoding.ok()) return transcoding.status();
  return config::RouteFilterConfigPtr(*transcoding);
}

}  // namespace outrigger::grpc_json_transcoder
