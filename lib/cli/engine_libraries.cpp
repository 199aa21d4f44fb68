// SPDX-License-Identifier: Apache-2.0
// Loading libraries that somebody else built, and what to do where that fails.
#include "cli/engine_libraries.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <gantry/node.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/machine.hpp"
#include "core/shared_library.hpp"
#include "model/known_engines.hpp"

#ifdef GANTRY_LINKED_TORCH
#include <gantry/libtorch.hpp>
#endif

namespace gantry::cli {
namespace {

namespace fs = std::filesystem;
using detail::SharedLibrary;
using detail::translate_exception;
using FilesByName = std::map<std::string, std::string>;  // "torch": the path of its library

constexpr const char* kSymbol = "gantry_engine_0_2";
constexpr std::string_view kPrefix = "libgantry_";
constexpr std::string_view kSuffix = ".so";

/// Stands for the engines of a library that cannot be used.
class MissingLoader final : public EngineLoader {
 public:
  MissingLoader(std::string kind, std::string why) : kind_(std::move(kind)), why_(std::move(why)) {}
  std::string kind() const override { return kind_; }
  std::string version() const override { return ""; }
  Result<void> check(const JsonView&, Device) const override { return Error(ErrorCode::kUnsupported, why_); }
  Result<std::unique_ptr<Engine>> load(const LoadRequest&) const override {
    return Error(ErrorCode::kUnsupported, why_);
  }

 private:
  const std::string kind_;
  const std::string why_;
};

/// "torch" of "libgantry_torch.so" and of "libgantry_torch.so.0.1", as programs are installed without the first.
std::optional<std::string> name_of(const std::string& file) {
  if (file.rfind(kPrefix, 0) != 0) return std::nullopt;
  const auto end = file.find(kSuffix, kPrefix.size());
  if (end == std::string::npos) return std::nullopt;
  const std::string name = file.substr(kPrefix.size(), end - kPrefix.size());
  const std::string version = file.substr(end + kSuffix.size());
  const bool is_library = version.empty() || version == std::string(".") + GANTRY_SOVERSION;
  if (name.empty() || name == "core" || !is_library) return std::nullopt;
  return name;
}

bool is_known(const std::string& component) {
  return std::any_of(std::begin(detail::kKnownEngines), std::end(detail::kKnownEngines),
                     [&](const detail::KnownEngine& known) { return component == known.component; });
}

/// `own`: beside gantry's own library, where libgantry_*.so need not be engines; loading a library runs code of it.
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

/// What to install, by the name of the library.
std::string advice_for(const std::string& name) {
#ifdef GANTRY_TORCH_VERSION
  if (name == "torch")
    return std::string("; install LibTorch ") + GANTRY_TORCH_VERSION +
           ", with which this gantry was built (pip install 'torch==" + GANTRY_TORCH_VERSION +
           ".*'), and set LD_LIBRARY_PATH to the folder of its libtorch_cpu.so";
#endif
  return name == "torch" ? "; build gantry with -DGANTRY_TORCH=ON and install it, or give --engine-dir" : "";
}

/// What an engine is asked for wherever engines are chosen or shown: one that cannot even say that is none.
std::optional<std::string> mistake_of(const EngineLoader* engine, std::size_t index) {
  const std::string which = "engines()[" + std::to_string(index) + "]";
  if (engine == nullptr) return which + " is nullptr";
  try {
    if (engine->kind().empty()) return which + " has an empty kind()";
  } catch (...) {
    return which + ": kind() " + translate_exception().message();
  }
  try {
    engine->version();
  } catch (...) {
    return which + " ('" + engine->kind() + "'): version() " + translate_exception().message();
  }
  return std::nullopt;
}

using EngineEntry = const EngineLibrary* (*)();

/// Fills in what the library says of itself; what is wrong with that, if anything.
std::optional<std::string> read_entry(EngineEntry entry, EngineLibraryState& state) {
  const EngineLibrary* found = nullptr;
  try {
    found = entry();
  } catch (...) {
    return "it " + translate_exception().message();
  }
  if (found == nullptr) return "it gives nullptr";
  if (found->name == nullptr) return "EngineLibrary::name is nullptr";
  if (found->description == nullptr) return "EngineLibrary::description is nullptr";
  if (found->engines == nullptr) return "EngineLibrary::engines is nullptr";
  EngineList engines;
  try {
    engines = found->engines();
  } catch (...) {
    return "engines() " + translate_exception().message();
  }
  for (std::size_t i = 0; i < engines.size(); ++i)
    if (auto mistake = mistake_of(engines[i].get(), i)) return mistake;
  state.description = found->description;
  state.engines = std::move(engines);
  return std::nullopt;
}

EngineLibraryState load(const std::string& name, const std::string& path) {
  EngineLibraryState state{name, path, {}, {}, {}};
  const std::string file = fs::path(path).filename().string();
  // Local: what an engine brings, such as LibTorch with its protobuf, is no business of another engine. For good: what
  // LibTorch registers as it is loaded cannot be taken back.
  const auto library = SharedLibrary::load(fs::absolute(path), RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    state.problem =
        file + " cannot be loaded: " + explain_loader_error(path, library.error().message()) + advice_for(name);
    return state;
  }
  const auto entry = reinterpret_cast<EngineEntry>(library->function(kSymbol));
  if (entry == nullptr) {
    state.problem = file + " has no engines for gantry " + GANTRY_VERSION + " (it lacks the function " + kSymbol +
                    "): it is of another version; build it anew with this one";
  } else if (const auto mistake = read_entry(entry, state)) {
    state.problem = file + " is not usable: in its " + kSymbol + "(), " + *mistake +
                    "; that is a mistake of this library: get one without it, or take it out of this folder";
  }
  return state;
}

#ifdef GANTRY_LINKED_TORCH
EngineLibraryState linked_torch() {
  return {"torch", "", "LibTorch " + libtorch::version(), "", libtorch::engines()};
}
#endif

/// Engines of all libraries, each kind once, and stand-ins for those of gantry's own that cannot be used.
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
        engines.push_back(std::make_shared<MissingLoader>(known.kind, "cannot be used here: " + library.problem));
  }
  return engines;
}

}  // namespace

std::string explain_loader_error(const std::string& library, const std::string& text) {
  constexpr std::string_view kMissing = ": cannot open shared object file: No such file or directory";
  const auto missing = text.find(kMissing);
  if (missing != std::string::npos) {
    const std::string name = text.substr(0, missing);
    if (name != library) return name + ", which it needs, is not installed, or not where the dynamic loader looks";
  }
  if (text.find("undefined symbol") != std::string::npos || text.find("version `") != std::string::npos)
    return "what it needs is there in another version (" + text + ")";
  return text;
}

Result<EngineLibraries> load_engine_libraries(const std::vector<std::string>& directories) {
  EngineLibraries found;
#ifdef GANTRY_LINKED_TORCH
  found.libraries.push_back(linked_torch());
#endif
  FilesByName files;
  for (const std::string& directory : directories)
    if (auto ok = add_files(directory, false, files); !ok) return std::move(ok).error();
  const std::string own = directory_of_core();
  if (own.empty() && !directories.empty())
    return Error(ErrorCode::kUnsupported, "this gantry is linked statically: it holds its engines, and can load none");
  if (!own.empty())
    if (auto ok = add_files(own, true, files); !ok) return std::move(ok).error();
  for (const auto& [name, path] : files) found.libraries.push_back(load(name, path));
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

}  // namespace gantry::cli
