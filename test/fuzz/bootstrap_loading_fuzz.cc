// A bootstrap as text, through to its compiled form: any text ends in a status.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "source/config/bootstrap.h"
#include "test/fuzz/compile_world.h"

namespace outrigger::fuzz {
namespace {

// A log file is opened while its logger is compiled: no path of the input may reach the disk.
bool NamesAPath(std::string_view text) {
  return text.find("path") != std::string_view::npos || text.find("\\") != std::string_view::npos;
}

void Run(std::string_view text) {
  if (NamesAPath(text)) return;
  std::vector<std::string> warnings;
  auto bootstrap = config::LoadBootstrap({.yaml = std::string(text)}, warnings);
  CHECK(bootstrap.ok() || !bootstrap.status().message().empty());
  if (!bootstrap.ok()) return;
  auto environment = config::ReadEnvironment(*bootstrap);
  if (!environment.ok()) return;
  CompileWorld world;
  const config::Compiler compiler(world.registry, world.clock, world.store, world.names,
                                  *std::move(environment));
  const auto spec = config::CompileBootstrap(*std::move(bootstrap), compiler);
  CHECK(spec.ok() || !spec.status().message().empty());
}

}  // namespace
}  // namespace outrigger::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrigger::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
