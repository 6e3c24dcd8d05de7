#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace outrigger::control {

// A directory that goes with everything in it when this does.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // Not below Bazel's own: a Unix socket's path has to be short.
    std::string path = "/tmp/outrigger.XXXXXX";
    path_ = mkdtemp(path.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // As an editor saves: written elsewhere, then renamed over.
  void Save(const std::string& name, const std::string& text) const {
    Write("." + name + ".new", text);
    std::filesystem::rename(*this / ("." + name + ".new"), *this / name);
  }
  // As a shell redirection saves.
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name) << text;
  }
  void Delete(const std::string& name) const { std::filesystem::remove(*this / name); }

 private:
  std::string path_;
};

inline std::string ClusterYaml(const std::string& name, const std::string& timeout = "1s") {
  return "\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster\nname: " + name +
         "\nconnect_timeout: " + timeout + "\n";
}

}  // namespace outrigger::control
