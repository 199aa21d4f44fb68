// SPDX-License-Identifier: Apache-2.0
// Plugins: a shared library that brings a host's ops and codecs to programs that were built without them, such as the
// gantry tool (`gantry run --plugin libacme.so ...`). The library links gantry::core and has, once:
//
//   GANTRY_PLUGIN(registry) { acme::add_ops(registry); }
//
// A plugin is code: loading it runs it, with the rights of the program.
#pragma once

#include <string>

#include <gantry/registry.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Loads the library at `path` and lets it add to `registry`; after an error `registry` is as it was. The library stays
/// loaded until the process ends. A path without '/' is a file of the working directory. Errors: not_found;
/// failed_precondition for what cannot be loaded, or is no plugin of this version of gantry; internal if it throws;
/// invalid_argument for an op that cannot be added.
/// Thread-safe. Cost: that of the dynamic loader.
GANTRY_API Result<void> load_plugin(const std::string& path, Registry& registry);

}  // namespace GANTRY_ABI
}  // namespace gantry

/// Begins the function that adds to a gantry::Registry&, called `registry`. The symbol's name changes with every
/// version whose types a plugin shares.
#define GANTRY_PLUGIN(registry) /* NOLINT(bugprone-macro-parentheses) */    \
  extern "C" GANTRY_API void gantry_plugin_0_2(gantry::Registry& registry); \
  extern "C" void gantry_plugin_0_2(gantry::Registry& registry)
