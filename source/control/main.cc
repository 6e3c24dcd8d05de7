// outrigger-control, the reference control plane.
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "source/control/control_server.h"
#include "source/control/directory_check.h"
#include "source/control/options.h"

namespace outrigger::control {
namespace {

constexpr char kVersion[] = "0.1.0";

int Refuse(absl::string_view message) {
  std::fprintf(stderr, "outrigger-control: %.*s\n", static_cast<int>(message.size()),
               message.data());
  return 1;
}

int Check(const std::string& directory) {
  const CheckReport report = CheckDirectory(directory);
  for (const std::string& error : report.errors) std::fprintf(stderr, "%s\n", error.c_str());
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  std::printf("%s\n", report.summary.c_str());
  return report.errors.empty() ? 0 : 1;
}

// A descriptor that becomes readable when someone asks us to stop. Blocks these signals in this
// thread and in all that it starts, so it comes before the first thread.
int StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

int Serve(const Options& options) {
  const int stop_fd = StopSignals();
  EventLog log(options.log_level, [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  });
  auto server = ControlServer::Start(options.directory, options.listen, log);
  if (!server.ok()) return Refuse(server.status().message());
  (*server)->Run(stop_fd);
  close(stop_fd);
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Options> options = ParseOptions(arguments);
  if (!options.ok()) return Refuse(options.status().message());
  switch (options->mode) {
    case Options::Mode::kShowHelp:
      std::fputs(kHelp, stdout);
      return 0;
    case Options::Mode::kShowVersion:
      std::printf("outrigger-control %s\n", kVersion);
      return 0;
    case Options::Mode::kCheck:
      return Check(options->directory);
    case Options::Mode::kServe:
      return Serve(*options);
  }
  return 1;
}

}  // namespace
}  // namespace outrigger::control

int main(int argc, char** argv) {
  return outrigger::control::Main(std::vector<std::string>(argv + 1, argv + argc));
}
