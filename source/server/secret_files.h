#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/event/directory_watcher.h"
#include "source/server/secret_intake.h"
#include "source/xds/compile_thread.h"
#include "source/xds/fetch_deadlines.h"
#include "source/xds/resource_set.h"
#include "source/xds/subscription_counters.h"

namespace outrigger::server {

// What a file of secrets holds: a DiscoveryResponse with Secrets, or one bare Secret, in YAML or
// JSON. Thread: any; it is meant for the compile thread.
struct SecretFile {
  struct Content {
    google::protobuf::Any body;
    absl::StatusOr<xds::ResourceType::Compiled> compiled;
  };
  std::string version;  // version_info; empty: it has none
  std::vector<Content> secrets;
};
// Errors name file, place and field; what the file says is not quoted.
absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path, const CompileSecret& compile);
absl::StatusOr<SecretFile> ParseSecretFile(std::string_view text, std::string_view path,
                                           const CompileSecret& compile);

// Secrets that come from files, read when they are wanted and again when something is moved into
// their directory (path_config_source).
// Owner: the server.  Thread: main; files are read on the compile thread.
// Errors: a file that cannot be read or holds a bad secret is logged and counted; the last good
// version serves on.
class SecretFiles final {
 public:
  static constexpr size_t kMaxFileBytes = 16u << 20;

  // All outlive this object.
  SecretFiles(event::Loop& loop, xds::CompileThread& compile_thread,
              event::DirectoryWatcher& watcher, stats::Store& stats, SecretIntake& intake);
  ~SecretFiles();

  // Of a need whose source is kFile.
  void Watch(const net::tls::SecretNeed& need);
  void Unwatch(const net::tls::SecretNeed& need);

  struct Listing {
    std::string path;
    std::vector<xds::ResourceDescription> secrets;
  };
  std::vector<Listing> Describe() const;

 private:
  struct File {
    xds::ResourceSet set;
    std::map<std::string, xds::SubscriptionCounters> names;  // that are wanted
    std::unique_ptr<xds::FetchDeadlines> deadlines;
    event::Operation watch;
    event::Operation reading;
    uint64_t readings = 0;  // the version of files that have none
    bool is_reading = false;
    bool is_stale = false;  // changed while it was read
  };
  using Files = std::map<net::tls::SecretSource, File>;

  void Read(Files::iterator at);
  void Take(Files::iterator at, absl::StatusOr<SecretFile> read, base::MonoTime since);
  void Accept(Files::iterator at, const std::string& name, const SecretFile& read,
              const SecretFile::Content& content, base::MonoTime since);
  void Refuse(Files::iterator at, const std::string& name, std::string version,
              const google::protobuf::Any& body, std::string_view reason);
  void OnDue(const net::tls::SecretSource& source, const std::vector<std::string>& names);

  event::Loop& loop_;
  xds::CompileThread& compile_thread_;
  event::DirectoryWatcher& watcher_;
  stats::Store& stats_;
  SecretIntake& intake_;
  Files files_;
};

}  // namespace outrigger::server
