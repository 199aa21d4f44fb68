// SPDX-License-Identifier: Apache-2.0
// Finding engine libraries, and the advice if one is missing.
#include "cli/engine_libraries.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/machine.hpp"
#include "core/return_if_error.hpp"
#include "model/known_engines.hpp"

#ifdef GANTRY_LINKED_TORCH
#include <gantry/libtorch.hpp>
#endif

namespace gantry::inline GANTRY_ABI::cli {
namespace {

namespace fs = std::filesystem;
using FilesByName = std::map<std::string, std::string>;  // "torch" -> the path of its library

constexpr std::string_view kPrefix = "libgantry_";
constexpr std::string_view kSuffix = ".so";
constexpr std::string_view kForHosts = "_host";

/// "torch" for "libgantry_torch.so" and "libgantry_torch.so.0.1"; a run-time installation lacks the first.
std::optional<std::string> name_of(const std::string& file) {
  if (file.rfind(kPrefix, 0) != 0) return std::nullopt;
  const auto end = file.find(kSuffix, kPrefix.size());
  if (end == std::string::npos) return std::nullopt;
  const std::string name = file.substr(kPrefix.size(), end - kPrefix.size());
  const std::string version = file.substr(end + kSuffix.size());
  const bool is_library = version.empty() || version == std::string(".") + GANTRY_SOVERSION;
  // Not engines: the core, and libraries that hosts link (libgantry_executorch_host.so).
  const bool is_for_hosts = name == "core" || name.find(kForHosts) != std::string::npos;
  if (name.empty() || is_for_hosts || !is_library) return std::nullopt;
  return name;
}

bool is_known(const std::string& component) {
  return std::any_of(std::begin(detail::kKnownEngines), std::end(detail::kKnownEngines),
                     [&](const detail::KnownEngine& known) { return component == known.component; });
}

/// `own`: the directory of gantry's library. Not every libgantry_*.so there is an engine; loading one runs its code.
Result<void> add_files(const std::string& directory, bool own, FilesByName& files) {
  std::error_code failure;
  FilesByName here;
  for (fs::directory_iterator at(directory, failure), end; !failure && at != end; at.increment(failure)) {
    const std::string file = at->path().filename().string();
    if (const auto name = name_of(file); name && (!own || is_known(*name))) {
      std::string& path = here[*name];
      if (path.empty() || file.size() < fs::path(path).filename().string().size()) path = at->path().string();
    }
  }
  if (failure)
    return Error(ErrorCode::kFailedPrecondition,
                 "the directory of engines '" + directory + "' cannot be read: " + failure.message());
  files.merge(here);
  return {};
}

std::string directory_of_core() {
  const auto core = loaded_libraries({"libgantry_core.so"});
  return core.empty() ? std::string() : fs::path(core[0]).parent_path().string();
}

/// What to install for a missing library.
std::string advice_for(const std::string& name) {
#ifdef GANTRY_TORCH_VERSION
  if (name == "torch")
    return std::string("; install LibTorch ") + GANTRY_TORCH_VERSION +
           ", with which this gantry was built (pip install 'torch==" + GANTRY_TORCH_VERSION +
           ".*'), and set LD_LIBRARY_PATH to the folder of its libtorch_cpu.so";
#endif
  if (name == "executorch")
    return "; build gantry with -DGANTRY_EXECUTORCH=ON, which needs ExecuTorch's wheel (pip install --no-deps "
           "executorch), "
           "and install it, or give --engine-dir";
  return name == "torch" ? "; build gantry with -DGANTRY_TORCH=ON and install it, or give --engine-dir" : "";
}

#ifdef GANTRY_LINKED_TORCH
EngineLibraryState linked_torch() {
  return {"torch", "", "LibTorch " + libtorch::version(), "", libtorch::engines()};
}
#endif

/// The engines of all libraries, each kind once, and placeholders for gantry's own engines that cannot be used.
EngineList collect(const std::vector<EngineLibraryState>& libraries) {
  EngineList engines;
  const auto has = [&](const std::string& kind) {
    return std::any_of(engines.begin(), engines.end(), [&](const auto& engine) { return engine->kind() == kind; });
  };
  for (const EngineLibraryState& library : libraries)
    for (const auto& engine : library.engines)
      if (!has(engine->kind())) engines.push_back(engine);
  for (const detail::KnownEngine& known : detail::kKnownEngines) {
    if (has(known.kind)) continue;
    for (const EngineLibraryState& library : libraries)
      if (library.name == known.component && !library.problem.empty())
        engines.push_back(detail::missing_engine(known.kind, "cannot be used here: " + library.problem));
  }
  return engines;
}

}  // namespace

Result<EngineLibraries> load_engine_libraries(const std::vector<std::string>& directories) {
  EngineLibraries found;
#ifdef GANTRY_LINKED_TORCH
  found.libraries.push_back(linked_torch());
#endif
  FilesByName files;
  for (const std::string& directory : directories) GANTRY_RETURN_IF_ERROR(add_files(directory, false, files));
  const std::string own = directory_of_core();
  if (own.empty() && !directories.empty())
    return Error(ErrorCode::kUnsupported,
                 "this gantry is linked statically: it contains its engines, and cannot load others");
  if (!own.empty()) GANTRY_RETURN_IF_ERROR(add_files(own, true, files));
  for (const auto& [name, path] : files)
    found.libraries.push_back(detail::open_engine_library(name, fs::absolute(path).string(), advice_for(name)));
  for (const detail::KnownEngine& known : detail::kKnownEngines) {
    const bool is_there =
        std::any_of(found.libraries.begin(), found.libraries.end(),
                    [&](const EngineLibraryState& library) { return library.name == known.component; });
    if (is_there) continue;
    const std::string where = own.empty() ? "" : " in '" + own + "'";
    found.libraries.push_back(
        {known.component,
         "",
         "",
         "there is no libgantry_" + std::string(known.component) + ".so" + where + advice_for(known.component),
         {}});
  }
  found.engines = collect(found.libraries);
  return found;
}

}  // namespace gantry::inline GANTRY_ABI::cli
