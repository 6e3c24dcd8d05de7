#include <memory>
#include <utility>

#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/base/text.h"
#include "source/config/loading/document.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/message_types.h"
#include "source/config/loading/text_file.h"
#include "source/server/secret_files.h"

namespace outrigger::server {
namespace {

// Puts "[redacted]" in place of each quoted piece: what a loader quotes may be a private key.
absl::Status WithoutQuotes(const absl::Status& status) {
  const std::string_view text = base::StdView(status.message());
  std::string out;
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && is_quoted) {
      ++i;
    } else if (text[i] == '"') {
      out += is_quoted ? "\"" : "\"[redacted]";
      is_quoted = !is_quoted;
    } else if (!is_quoted) {
      out += text[i];
    }
  }
  return absl::Status(status.code(), out);
}

absl::Status AppendBody(const google::protobuf::Any& body, const std::string& place,
                        const CompileSecret& compile, SecretFile& out) {
  if (loading::TypeName(body.type_url()) != loading::TypeName(kSecretType)) {
    return base::InvalidArgument(place, ": must be a Secret, got ", body.type_url());
  }
  auto compiled = compile(body);
  if (!compiled.ok()) {
    compiled = absl::Status(
        compiled.status().code(),
        base::AbslView(base::StrCat(place, ": ", base::StdView(compiled.status().message()))));
  }
  out.secrets.push_back({.body = body, .compiled = std::move(compiled)});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SecretFile> ParseSecretFile(std::string_view text, std::string_view path,
                                           const CompileSecret& compile) {
  auto document = loading::ParseDocument(text, path, {.bytes = SecretFiles::kMaxFileBytes});
  if (!document.ok()) return WithoutQuotes(document.status());
  SecretFile out;
  if (document->Find("resources") == nullptr) {
    envoy::extensions::transport_sockets::tls::v3::Secret secret;
    const absl::Status status = loading::LoadMessage(*document, secret, {.file = path});
    if (!status.ok()) return WithoutQuotes(status);
    google::protobuf::Any body;
    body.PackFrom(secret);
    const absl::Status appended = AppendBody(body, std::string(path), compile, out);
    if (!appended.ok()) return appended;
    return out;
  }
  envoy::service::discovery::v3::DiscoveryResponse response;
  const absl::Status status = loading::LoadMessage(*document, response, {.file = path});
  if (!status.ok()) return WithoutQuotes(status);
  out.version = response.version_info();
  for (int i = 0; i < response.resources_size(); ++i) {
    const absl::Status appended =
        AppendBody(response.resources(i), base::StrCat(path, ": resources[", i, "]"), compile, out);
    if (!appended.ok()) return appended;
  }
  return out;
}

absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path, const CompileSecret& compile) {
  const absl::StatusOr<std::string> text = loading::ReadTextFile(path, SecretFiles::kMaxFileBytes);
  if (!text.ok()) return text.status();
  return ParseSecretFile(*text, path, compile);
}

}  // namespace outrigger::server
