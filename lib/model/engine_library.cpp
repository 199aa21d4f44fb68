// SPDX-License-Identifier: Apache-2.0
// Loads an engine library, which may come from another build, and explains failures.
#include "model/engine_library.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <gantry/translate_exception.hpp>
#include <gantry/version.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "core/shared_library.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr const char* kSymbol = "gantry_engine_0_2";

class MissingEngine final : public EngineLoader {
 public:
  MissingEngine(std::string kind, std::string why) : kind_(std::move(kind)), why_(std::move(why)) {}
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

/// Calls the functions that every use of an engine needs; an engine that throws from one of them is not used.
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

/// Fills in the library's own description; returns what is wrong with it, if anything.
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

}  // namespace

EngineLibraryState open_engine_library(const std::string& name, const std::string& path, const std::string& advice) {
  EngineLibraryState state{name, path, {}, {}, {}};
  const std::string file = std::filesystem::path(path).filename().string();
  // RTLD_LOCAL: symbols of one engine, such as LibTorch's protobuf, must not reach another engine. Never closed: what
  // LibTorch registers on loading cannot be undone.
  const auto library = SharedLibrary::load(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    state.problem = file + " cannot be loaded: " + explain_loader_error(path, library.error().message()) + advice;
    return state;
  }
  const auto entry = reinterpret_cast<EngineEntry>(library->function(kSymbol));
  if (entry == nullptr) {
    state.problem = file + " has no engines for gantry " GANTRY_VERSION_STRING " (it lacks the function " + kSymbol +
                    "): it was built for another version; rebuild it with this one";
  } else if (const auto mistake = read_entry(entry, state)) {
    state.problem = file + " is not usable: in its " + kSymbol + "(), " + *mistake +
                    "; this is a bug of the library: install a fixed version, or remove it from this folder";
  }
  return state;
}

std::shared_ptr<const EngineLoader> missing_engine(std::string kind, std::string why) {
  return std::make_shared<MissingEngine>(std::move(kind), std::move(why));
}

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

}  // namespace gantry::inline GANTRY_ABI::detail
