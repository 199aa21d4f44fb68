// SPDX-License-Identifier: Apache-2.0
// What hosts link: it finds the plug-in beside itself, and opens it once.
#include <dlfcn.h>

#include <filesystem>
#include <gantry/executorch.hpp>
#include <string>
#include <system_error>

#include "model/engine_library.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

constexpr const char* kKind = "executorch";

/// Beside this library.
std::string path_of_plugin() {
  Dl_info self{};
  static const char anchor = 0;
  std::filesystem::path folder;
  if (::dladdr(&anchor, &self) != 0 && self.dli_fname != nullptr)
    folder = std::filesystem::path(self.dli_fname).parent_path();
  std::error_code ignored;
  return std::filesystem::absolute(folder / GANTRY_EXECUTORCH_PLUGIN, ignored).string();
}

EngineList open_plugin() {
  const auto library = detail::open_engine_library(
      kKind, path_of_plugin(),
      "; it belongs beside libgantry_executorch_host.so, and ExecuTorch's libexecutorch.so, "
      "libexecutorch_backend_xnnpack.so and libexecutorch_threadpool.so beside it or where the dynamic loader looks");
  if (!library.problem.empty()) return {detail::missing_engine(kKind, "cannot be used here: " + library.problem)};
  return library.engines;
}

}  // namespace

Options::operator EngineOptions() const {
  EngineOptions options;
  if (!share_packed_weights) options.set("share_packed_weights", false);
  return options;
}

void Options::apply_to(ModelOptions& options) const {
  options.engine_options[kKind] = *this;
}

EngineList engines() {
  static const EngineList opened = open_plugin();
  return opened;
}

std::string version() {
  return engines().front()->version();
}

Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options) {
  return Model::load(*engines().front(), path, signature, options);
}

}  // namespace gantry::inline GANTRY_ABI::executorch
