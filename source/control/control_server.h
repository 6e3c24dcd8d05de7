#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server.h"
#include "source/control/ads_service.h"
#include "source/control/directory_watcher.h"
#include "source/control/event_log.h"
#include "source/control/resource_directory.h"
#include "source/control/secret_service.h"

namespace outrigger::control {

// The control plane: a directory, watched, served over ADS.
// Owner: main.  Thread: one for Start and Run; gRPC has its own.
class ControlServer {
 public:
  // Reads the directory and listens. Files with errors are logged and do not stop it; a directory
  // or an address that cannot be used does.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const std::string& directory,
                                                              const std::string& listen,
                                                              EventLog& log);
  ~ControlServer();

  // Where it listens, with the port that was really taken.
  const std::string& address() const { return address_; }

  // Serves changes until `stop_fd` is readable, then ends every stream.
  void Run(int stop_fd);

 private:
  ControlServer(const std::string& directory, EventLog& log)
      : log_(log), directory_(directory), service_(log), secret_service_(service_.streams(), log) {}

  absl::Status Listen(const std::string& listen);
  absl::Status Read(const DirectoryChange& change);
  void LogOutcome(const ResourceDirectory::FileOutcome& outcome);

  EventLog& log_;
  ResourceDirectory directory_;
  std::unique_ptr<DirectoryWatcher> watcher_;
  AdsService service_;
  SecretService secret_service_;
  std::unique_ptr<grpc::Server> server_;  // ends before the services, which its streams use
  std::string address_;
};

}  // namespace outrigger::control
