#pragma once

#include <google/protobuf/any.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/event/directory_watcher.h"
#include "source/event/operation.h"
#include "source/server/secret_set.h"
#include "source/xds/compile_thread.h"
#include "source/xds/resource_type.h"

namespace outrigger::server {

inline constexpr std::string_view kSecretType =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

// A Secret after compiling. Immutable, shared.
struct CompiledSecret {
  net::tls::SecretPtr secret;
  // Of the files that it names: something new in one of them is a new version of the secret.
  std::vector<std::string> directories;
};
// Decodes and compiles one Secret; the object is a CompiledSecret. Compile thread. Errors never
// show what the secret holds.
using CompileSecret =
    std::function<absl::StatusOr<xds::ResourceType::Compiled>(const google::protobuf::Any& body)>;

// Takes compiled secrets into the set, and compiles them again when the files that they name
// change.
// Owner: the server.  Thread: main; files are read on the compile thread.
// Errors: files that cannot be used are logged and counted, and the last good secret serves on.
class SecretIntake final {
 public:
  // All outlive this object.
  SecretIntake(event::Loop& loop, xds::CompileThread& compile_thread,
               event::DirectoryWatcher& watcher, stats::Store& stats, SecretSet& secrets,
               CompileSecret compile);

  // As SecretSet::Set. `compiled`: a CompiledSecret.
  absl::Status Take(const net::tls::SecretSource& source, const google::protobuf::Any& body,
                    const std::shared_ptr<const void>& compiled);
  // Nobody wants it any more.
  void Forget(const net::tls::SecretSource& source, const std::string& name);

  // Secrets of one source, for the xDS client that serves them; it borrows this object.
  xds::ResourceType Type(net::tls::SecretSource source);
  SecretSet& secrets() { return secrets_; }
  const CompileSecret& compile() const { return compile_; }

 private:
  using Key = std::pair<net::tls::SecretSource, std::string>;
  // A secret with files.
  struct Kept {
    google::protobuf::Any body;
    std::vector<std::string> directories;
    std::vector<event::Operation> watches;
    event::Operation compiling;
    bool is_compiling = false;
    bool is_stale = false;  // something changed while it was compiled
  };
  using Secrets = std::map<Key, Kept>;

  void CompileAgain(Secrets::iterator at);
  void TakeAgain(Secrets::iterator at, const absl::StatusOr<xds::ResourceType::Compiled>& compiled);

  event::Loop& loop_;
  xds::CompileThread& compile_thread_;
  event::DirectoryWatcher& watcher_;
  stats::Store& stats_;
  SecretSet& secrets_;
  const CompileSecret compile_;
  Secrets kept_;
};

}  // namespace outrigger::server
