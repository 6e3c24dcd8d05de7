#include "source/server/secret_intake.h"

#include "source/base/log.h"
#include "source/base/text.h"
#include "source/xds/subscription_counters.h"

namespace outrigger::server {

using net::tls::SecretSource;

SecretIntake::SecretIntake(event::Loop& loop, xds::CompileThread& compile_thread,
                           event::DirectoryWatcher& watcher, stats::Store& stats,
                           SecretSet& secrets, CompileSecret compile)
    : loop_(loop),
      compile_thread_(compile_thread),
      watcher_(watcher),
      stats_(stats),
      secrets_(secrets),
      compile_(std::move(compile)) {}

absl::Status SecretIntake::Take(const SecretSource& source, const google::protobuf::Any& body,
                                const std::shared_ptr<const void>& compiled) {
  const auto& secret = *static_cast<const CompiledSecret*>(compiled.get());
  const Key key{source, secret.secret->name};
  if (secret.directories.empty()) {
    kept_.erase(key);
    return secrets_.Set(source, secret.secret);
  }
  const auto at = kept_.try_emplace(key).first;
  Kept& kept = at->second;
  kept.body = body;
  if (kept.directories != secret.directories) {
    kept.directories = secret.directories;
    kept.watches.clear();
    for (const std::string& directory : kept.directories) {
      kept.watches.push_back(
          watcher_.Watch(directory, [this, at](std::string_view) { CompileAgain(at); }));
    }
    // What changed between reading the files and watching them was not seen.
    CompileAgain(at);
  }
  return secrets_.Set(source, secret.secret);
}

void SecretIntake::Forget(const SecretSource& source, const std::string& name) {
  kept_.erase({source, name});
}

void SecretIntake::CompileAgain(Secrets::iterator at) {
  Kept& kept = at->second;
  if (kept.is_compiling) {
    kept.is_stale = true;
    return;
  }
  kept.is_compiling = true;
  kept.is_stale = false;
  using Result = absl::StatusOr<xds::ResourceType::Compiled>;
  const auto result = std::make_shared<Result>(absl::UnknownError(""));
  kept.compiling = compile_thread_.Run(
      [result, body = kept.body, compile = compile_] { *result = compile(body); },
      [this, result, at] {
        at->second.is_compiling = false;
        TakeAgain(at, *result);
      });
}

void SecretIntake::TakeAgain(Secrets::iterator at,
                             const absl::StatusOr<xds::ResourceType::Compiled>& compiled) {
  const auto& [source, name] = at->first;
  absl::Status status = compiled.status();
  if (status.ok() && !at->second.is_stale) {
    status =
        secrets_.Set(source, static_cast<const CompiledSecret*>(compiled->object.get())->secret);
  }
  if (!status.ok()) {
    LOG(kWarning, kConfig, "secret \"", name,
        "\": its files are refused: ", base::StdView(status.message()),
        "; the last good ones serve on");
    xds::SubscriptionCounters(stats_, SecretScope(name)).rejected.Increment();
  }
  if (at->second.is_stale) CompileAgain(at);
}

xds::ResourceType SecretIntake::Type(SecretSource source) {
  const auto apply = [this, source](xds::Update update) {
    std::vector<xds::RefusedResource> refused;
    for (xds::ReadyResource& resource : update.changed) {
      const absl::Status status = Take(source, resource.body, resource.compiled);
      if (status.ok()) continue;
      refused.push_back({.name = std::move(resource.name),
                         .version = std::move(resource.version),
                         .body = std::move(resource.body),
                         .reason = std::string(base::StdView(status.message()))});
    }
    // A removed secret serves on, as with Envoy: nothing else could.
    return refused;
  };
  return {.url = kSecretType,
          .compile = compile_,
          .apply = apply,
          .timed_out =
              [this, source](const std::vector<std::string>& names) {
                for (const std::string& name : names) secrets_.StopWaiting(source, name);
              },
          .scope = [](std::string_view name) { return SecretScope(name); }};
}

}  // namespace outrigger::server
