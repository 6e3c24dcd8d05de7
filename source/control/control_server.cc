#include "source/control/control_server.h"

#include <sys/un.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/server_builder.h"
#include "source/control/cross_checks.h"

namespace outrigger::control {

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& directory,
                                                                    const ListenOptions& listen,
                                                                    EventLog& log) {
  std::unique_ptr<ControlServer> server(new ControlServer(directory, log));
  // Watched before it is read, so that no change is missed in between.
  auto watcher = DirectoryWatcher::Watch(directory);
  if (!watcher.ok()) return watcher.status();
  server->watcher_ = *std::move(watcher);
  if (absl::Status status = server->Read({.everything = true}); !status.ok()) return status;
  if (absl::Status status = server->Listen(listen); !status.ok()) return status;
  log.Write(LogLevel::kInfo, "listening",
            {{"address", server->address_},
             {"tls", !listen.uses_tls()                      ? "no"
                     : listen.tls_client_authorities.empty() ? "yes"
                                                             : "mutual"},
             {"dir", directory}});
  return server;
}

ControlServer::~ControlServer() {
  service_.EndStreams();
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    server_->Wait();
  }
}

absl::Status ControlServer::Listen(const ListenOptions& options) {
  const std::string& listen = options.address;
  constexpr int kMaxRequestBytes = 64 << 20;  // an EDS request lists every name that is wanted
  constexpr absl::string_view kUnix = "unix:";
  if (absl::StartsWith(listen, kUnix) &&
      listen.size() - kUnix.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen: the path of a Unix socket must be shorter than ",
                     sizeof(sockaddr_un::sun_path), " bytes, got ", listen.size() - kUnix.size()));
  }
  auto credentials = MakeCredentials(options);
  if (!credentials.ok()) return credentials.status();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, *credentials, &port);
  builder.RegisterService(&service_);
  builder.RegisterService(&secret_service_);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  // Without this a second control plane could take the same port and half of the proxies.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Proxies ping more often than gRPC's five minutes; refusing that would cut their streams.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("--listen: cannot listen on \"", listen,
                                               "\"; is it in use? port 0 takes a free one"));
  }
  const bool has_port = !absl::StartsWith(listen, "unix");
  address_ = has_port ? absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port) : listen;
  return absl::OkStatus();
}

void ControlServer::Run(int stop_fd) {
  while (const std::optional<DirectoryChange> change = watcher_->Wait(stop_fd)) {
    if (absl::Status status = Read(*change); !status.ok()) {
      log_.Write(LogLevel::kError, "directory_refused",
                 {{"error", absl::StrCat(status.message())}, {"kept_last", "true"}});
    }
  }
  log_.Write(LogLevel::kInfo, "stopping", {});
  service_.EndStreams();
}

absl::Status ControlServer::Read(const DirectoryChange& change) {
  auto outcomes = directory_.Read(change);
  if (!outcomes.ok()) return outcomes.status();
  if (outcomes->empty()) return absl::OkStatus();
  for (const ResourceDirectory::FileOutcome& outcome : *outcomes) LogOutcome(outcome);
  for (const std::string& duplicate : directory_.duplicates()) {
    log_.Write(LogLevel::kError, "duplicate", {{"error", duplicate}});
  }
  const SnapshotPtr snapshot = directory_.snapshot();
  for (const std::string& error : CheckReferences(*snapshot).errors) {
    log_.Write(LogLevel::kWarning, "missing", {{"error", error}});
  }
  service_.Publish(snapshot);
  return absl::OkStatus();
}

void ControlServer::LogOutcome(const ResourceDirectory::FileOutcome& outcome) {
  if (outcome.is_removed) {
    log_.Write(LogLevel::kInfo, "file_removed", {{"file", outcome.file}});
  } else if (outcome.error.empty()) {
    log_.Write(LogLevel::kInfo, "file_loaded",
               {{"file", outcome.file}, {"resources", absl::StrCat(outcome.resources)}});
  } else {
    log_.Write(LogLevel::kError, "file_refused",
               {{"file", outcome.file},
                {"kept_last", outcome.kept_last ? "true" : "false"},
                {"error", outcome.error}});
  }
}

}  // namespace outrigger::control
