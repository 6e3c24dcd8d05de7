#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "source/server/secret_intake.h"
#include "source/stats/envoy_scopes.h"
#include "test/client/turning.h"
#include "test/server/plans.h"

// A set of secrets with what they come by, and one context that is made of "default". What a secret
// says is a number, the inline_string of its certificate_chain, which becomes its fingerprint; it
// may also be a file with that number.
namespace outrigger::server::test {

using SecretProto = envoy::extensions::transport_sockets::tls::v3::Secret;

inline google::protobuf::Any SecretBody(const std::string& name, const std::string& content) {
  SecretProto secret;
  secret.set_name(name);
  auto& certificate = *secret.mutable_tls_certificate();
  if (content.starts_with('/')) {
    certificate.mutable_certificate_chain()->set_filename(content);
  } else {
    certificate.mutable_certificate_chain()->set_inline_string(content);
  }
  google::protobuf::Any body;
  body.PackFrom(secret);
  return body;
}

inline absl::StatusOr<xds::ResourceType::Compiled> CompileNumber(
    const google::protobuf::Any& body) {
  SecretProto secret;
  if (!body.UnpackTo(&secret)) return absl::InvalidArgumentError("not a secret");
  const auto& chain = secret.tls_certificate().certificate_chain();
  std::string number = chain.inline_string();
  auto compiled = std::make_shared<CompiledSecret>();
  if (chain.has_filename()) {
    std::ifstream(chain.filename()) >> number;
    compiled->directories = {std::filesystem::path(chain.filename()).parent_path().string()};
  }
  if (number.empty() || number.find_first_not_of("0123456789") != number.npos) {
    return absl::InvalidArgumentError("tls_certificate.certificate_chain: must be a number");
  }
  compiled->secret = CertificateSecret(secret.name(), std::stoull(number));
  return xds::ResourceType::Compiled{.name = secret.name(), .object = std::move(compiled)};
}

class SecretWorld {
 public:
  // Begins to want the secret, as a listener does.
  void Want(net::tls::SecretNeed need) {
    uses.push_back(secrets.Use(plans.Make({std::move(need)}), stats::PlainScope("listener."),
                               [this] { ++ready; }));
  }
  bool Builds(const std::string& line) {
    return Turn([&] { return !plans.built().empty() && plans.built().back() == line; });
  }
  template <typename Done>
  bool Turn(Done is_done) {
    return outrigger::test::TurnUntil(loop, is_done);
  }
  uint64_t Stat(std::string_view name) { return store.Value(name).value_or(0); }

  base::ManualClock clock;
  event::Loop loop{clock};
  stats::Store store;
  RecordedPlans plans;
  int ready = 0;
  xds::CompileThread compile_thread{loop};
  event::DirectoryWatcher watcher{loop};
  // Who hears of interest.
  std::function<void(const net::tls::SecretNeed& need, bool wanted)> on_interest;
  SecretSet secrets{loop, store,
                    [this](const net::tls::SecretNeed& need, bool wanted) {
                      if (on_interest) on_interest(need, wanted);
                    },
                    [](const net::tls::SecretSource&) { return absl::OkStatus(); }};
  SecretIntake intake{loop, compile_thread, watcher, store, secrets, CompileNumber};
  std::vector<std::unique_ptr<net::tls::PlanUse>> uses;
};

// A directory of this test.
class Folder {
 public:
  explicit Folder(const std::string& name) : path(testing::TempDir() + name) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  // Written beside it and moved into place.
  std::string Put(const std::string& file, std::string_view text) const {
    std::ofstream(path + "/." + file) << text;
    std::filesystem::rename(path + "/." + file, path + "/" + file);
    return path + "/" + file;
  }
  // What a volume of Kubernetes is: files are links through `..data`, which moves.
  void PutVolume(const std::string& version, const std::string& file, std::string_view text) const {
    std::filesystem::create_directory(path + "/" + version);
    std::ofstream(path + "/" + version + "/" + file) << text;
    std::filesystem::create_directory_symlink(version, path + "/..data_tmp");
    std::filesystem::rename(path + "/..data_tmp", path + "/..data");
    if (!std::filesystem::exists(path + "/" + file)) {
      std::filesystem::create_symlink("..data/" + file, path + "/" + file);
    }
  }

  const std::string path;
};

}  // namespace outrigger::server::test
