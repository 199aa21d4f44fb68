// SPDX-License-Identifier: Apache-2.0
// Plugins: a shared library that adds ops and codecs to programs that were built without them, such as the gantry tool
// (`gantry run --plugin libacme.so ...`). The library links gantry::core and contains, once:
//
//   GANTRY_PLUGIN(registry) { acme::add_ops(registry); }
//
// A plugin is code: loading it runs it, with the program's permissions.
#pragma once

#include <string>

#include <gantry/registry.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Loads the library at `path` and lets it add to `registry`; on an error `registry` stays unchanged. The library
/// stays loaded until the process ends. A path without '/' is a file in the working directory. Errors: not_found;
/// failed_precondition if the file cannot be loaded, or is not a plugin for this version of gantry; internal if
/// the plugin throws; invalid_argument for an op that cannot be added. Thread-safe. Cost: that of the dynamic
/// loader.
GANTRY_API Result<void> load_plugin(const std::string& path, Registry& registry);

}  // namespace GANTRY_ABI
}  // namespace gantry

/// Starts the definition of the function that adds to a gantry::Registry&, called `registry`. The symbol's name changes
/// with each version that changes types shared with plugins.
// NOLINTBEGIN(bugprone-macro-parentheses): it is the name of a parameter
#define GANTRY_PLUGIN(registry)                                             \
  extern "C" GANTRY_API void gantry_plugin_0_2(gantry::Registry& registry); \
  extern "C" void gantry_plugin_0_2(gantry::Registry& registry)
// NOLINTEND(bugprone-macro-parentheses)
