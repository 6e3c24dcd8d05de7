#include "source/server/secret_files.h"

#include <utility>

#include "source/base/log.h"
#include "source/base/text.h"

namespace outrigger::server {
namespace {

using net::tls::SecretNeed;
using net::tls::SecretSource;

// "/etc/tls/web.yaml" -> "/etc/tls", "web.yaml"
std::string_view DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}
std::string_view FileOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether something new called `name` may change what `source` says. `..data` is the link that a
// mounted volume of Kubernetes is renewed with.
bool Concerns(const SecretSource& source, std::string_view name) {
  return !source.watched_directory.empty() || name.empty() || name == "..data" ||
         name == FileOf(source.path);
}

std::string NamesIn(const SecretFile& file) {
  std::string names;
  for (const SecretFile::Content& content : file.secrets) {
    if (!content.compiled.ok()) continue;
    names += base::StrCat(names.empty() ? "" : ", ", "\"", content.compiled->name, "\"");
  }
  return names.empty() ? "none that can be used" : names;
}

}  // namespace

SecretFiles::SecretFiles(event::Loop& loop, xds::CompileThread& compile_thread,
                         event::DirectoryWatcher& watcher, stats::Store& stats,
                         SecretIntake& intake)
    : loop_(loop),
      compile_thread_(compile_thread),
      watcher_(watcher),
      stats_(stats),
      intake_(intake) {}

SecretFiles::~SecretFiles() = default;

void SecretFiles::Watch(const SecretNeed& need) {
  const auto [at, is_new] = files_.try_emplace(need.source);
  File& file = at->second;
  file.names.try_emplace(need.name, stats_, SecretScope(need.name));
  file.set.Request(need.name);
  if (is_new) {
    file.deadlines = std::make_unique<xds::FetchDeadlines>(
        loop_, [this, source = need.source](const auto& names) { OnDue(source, names); });
    const std::string directory(need.source.watched_directory.empty()
                                    ? DirectoryOf(need.source.path)
                                    : need.source.watched_directory);
    file.watch = watcher_.Watch(directory, [this, at = at](std::string_view name) {
      if (Concerns(at->first, name)) Read(at);
    });
  }
  file.deadlines->Add(need.name, need.initial_fetch_timeout);
  Read(at);
}

void SecretFiles::Unwatch(const SecretNeed& need) {
  const auto at = files_.find(need.source);
  if (at == files_.end()) return;
  at->second.names.erase(need.name);
  at->second.set.Remove(need.name, /*keeps_data=*/false);
  if (at->second.names.empty()) files_.erase(at);
}

void SecretFiles::Read(Files::iterator at) {
  File& file = at->second;
  if (file.is_reading) {
    file.is_stale = true;
    return;
  }
  file.is_reading = true;
  file.is_stale = false;
  for (const auto& [name, counters] : file.names) counters.attempt.Increment();
  const auto read = std::make_shared<absl::StatusOr<SecretFile>>();
  file.reading =
      compile_thread_.Run([read, path = at->first.path,
                           compile = intake_.compile()] { *read = ReadSecretFile(path, compile); },
                          [this, read, at, since = loop_.Now()] {
                            at->second.is_reading = false;
                            Take(at, std::move(*read), since);
                          });
}

void SecretFiles::Take(Files::iterator at, absl::StatusOr<SecretFile> read, base::MonoTime since) {
  File& file = at->second;
  ++file.readings;
  if (!read.ok()) {
    LOG(kWarning, kConfig, "secrets not read: ", base::StdView(read.status().message()));
    for (const auto& [name, counters] : file.names) counters.failure.Increment();
  } else {
    if (read->version.empty()) read->version = std::to_string(file.readings);
    std::vector<std::string> wanted;
    for (const auto& [name, counters] : file.names) wanted.push_back(name);
    for (const std::string& name : wanted) {
      const SecretFile::Content* found = nullptr;
      for (const SecretFile::Content& content : read->secrets) {
        if (content.compiled.ok() && content.compiled->name == name) found = &content;
      }
      if (found != nullptr) {
        Accept(at, name, *read, *found, since);
        continue;
      }
      std::string reason = base::StrCat("not in ", at->first.path, ", which has ", NamesIn(*read));
      for (const SecretFile::Content& content : read->secrets) {
        if (!content.compiled.ok()) reason = base::StdView(content.compiled.status().message());
      }
      Refuse(at, name, read->version, {}, reason);
    }
  }
  if (file.is_stale) Read(at);
}

void SecretFiles::Accept(Files::iterator at, const std::string& name, const SecretFile& read,
                         const SecretFile::Content& content, base::MonoTime since) {
  const absl::Status status = intake_.Take(at->first, content.body, content.compiled->object);
  if (!status.ok()) {
    return Refuse(at, name, read.version, content.body, base::StdView(status.message()));
  }
  const absl::Time now = loop_.clock().WallNow();
  at->second.set.Accept({.name = name,
                         .version = read.version,
                         .body = content.body,
                         .compiled = content.compiled->object},
                        now);
  at->second.names.at(name).SetAccepted(read.version, now,
                                        absl::FromChrono(loop_.clock().Now() - since));
}

void SecretFiles::Refuse(Files::iterator at, const std::string& name, std::string version,
                         const google::protobuf::Any& body, std::string_view reason) {
  LOG(kWarning, kConfig, "secret \"", name, "\" of ", at->first.path, ": refused: ", reason,
      at->second.set.IsAccepted(name) ? "; its last good version serves on" : "");
  at->second.names.at(name).rejected.Increment();
  at->second.set.Refuse(
      {.name = name, .version = std::move(version), .body = body, .reason = std::string(reason)},
      loop_.clock().WallNow());
  intake_.secrets().StopWaiting(at->first, name);
}

void SecretFiles::OnDue(const SecretSource& source, const std::vector<std::string>& names) {
  const auto at = files_.find(source);
  for (const std::string& name : names) {
    const auto wanted = at->second.names.find(name);
    if (wanted == at->second.names.end() || at->second.set.IsAccepted(name)) continue;
    wanted->second.init_fetch_timeout.Increment();
    at->second.set.SetTimedOut(name);
    LOG(kWarning, kConfig, "secret \"", name, "\" did not come from ", source.path,
        " within initial_fetch_timeout");
    intake_.secrets().StopWaiting(source, name);
  }
}

std::vector<SecretFiles::Listing> SecretFiles::Describe() const {
  std::vector<Listing> list;
  for (const auto& [source, file] : files_) {
    list.push_back({.path = source.path, .secrets = file.set.Describe()});
  }
  return list;
}

}  // namespace outrigger::server
