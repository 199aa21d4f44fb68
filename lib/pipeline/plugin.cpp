// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <filesystem>
#include <gantry/plugin.hpp>
#include <system_error>
#include <utility>

namespace gantry {
namespace {

constexpr const char* kSymbol = "gantry_plugin_0_2";  // as GANTRY_PLUGIN has it

Error cannot_load(const std::string& path, const std::string& why) {
  return Error(ErrorCode::kFailedPrecondition, "plugin '" + path + "' " + why);
}

/// What the dynamic loader said last.
std::string loader_message() {
  const char* message = ::dlerror();
  return message ? message : "for no reason that the dynamic loader gives";
}

Result<void> add_to(Registry& registry, void (*add)(Registry&), const std::string& path) {
  try {
    Registry extended = registry;
    add(extended);
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
  // Never closed: ops, codecs and the types of payloads live in it.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot_load(path, "cannot be loaded: " + loader_message());
  void* const symbol = ::dlsym(library, kSymbol);
  if (symbol == nullptr)
    return cannot_load(path, std::string("is no plugin for this gantry: it has no ") + kSymbol +
                                 ", which GANTRY_PLUGIN of gantry/plugin.hpp makes");
  return add_to(registry, reinterpret_cast<void (*)(Registry&)>(symbol), path);
}

}  // namespace gantry
