// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <filesystem>
#include <gantry/plugin.hpp>
#include <gantry/translate_exception.hpp>
#include <system_error>
#include <utility>

#include "core/shared_library.hpp"
#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr const char* kSymbol = "gantry_plugin_0_2";  // the symbol that GANTRY_PLUGIN defines

Result<void> add_to(Registry& registry, void (*add)(Registry&), const std::string& path) {
  try {
    Registry extended = registry;
    add(extended);
    if (const auto& mistake = extended.data().mistake; mistake && !registry.data().mistake)
      return mistake->within("plugin '" + path + "'");
    registry = std::move(extended);
    return {};
  } catch (...) {
    return detail::translate_exception().within("plugin '" + path + "'");
  }
}

}  // namespace

Result<void> load_plugin(const std::string& path, Registry& registry) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Error(ErrorCode::kNotFound, "there is no plugin '" + path + "'");
  // Never closed: it contains the code of ops and codecs, and the types of payloads.
  const auto library = detail::SharedLibrary::load(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Error(library.error().code(), "plugin '" + path + "' cannot be loaded: " + library.error().message());
  void* const symbol = library->function(kSymbol);
  if (symbol == nullptr)
    return Error(ErrorCode::kFailedPrecondition, "plugin '" + path +
                                                     "' is no plugin for this gantry: it has no function " + kSymbol +
                                                     ", which GANTRY_PLUGIN of gantry/plugin.hpp makes");
  return add_to(registry, reinterpret_cast<void (*)(Registry&)>(symbol), path);
}

}  // namespace gantry::inline GANTRY_ABI
