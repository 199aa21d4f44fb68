// SPDX-License-Identifier: Apache-2.0
// Shared by several commands: the options for opening a package, opening it without knowing its types, and reading its
// manifest alone.
#pragma once

#include <gantry/package.hpp>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/engine_libraries.hpp"
#include "package/manifest.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// --engine, --device, --trusted-key, --library, --plugin, --trust-unverified-code, --engine-option and --engine-dir.
std::vector<OptionSpec> open_option_specs();

/// "[--engine KIND] [--device D] [--trusted-key PEM]... ..."
std::string open_option_usage();

/// The same without --engine, for commands that look at every engine of a package.
std::vector<OptionSpec> every_engine_option_specs();
std::string every_engine_option_usage();

/// Loads the plugins. invalid_argument for an option that cannot be parsed; the errors of PublicKey::load() for a key
/// file and of load_plugin() for a plugin.
Result<OpenOptions> open_options(const Arguments& arguments);

/// Loads the engine libraries in the directories of --engine-dir and beside the tool's own library.
Result<EngineLibraries> load_engine_libraries(const Arguments& arguments);

/// Opens a package with any input and output types; `choice` as for detail::open_package().
Result<AnyPipeline> open_with(const std::string& directory, const EngineList& engines, const OpenOptions& options,
                              const std::optional<detail::EngineChoice>& choice = {});

/// The bytes of gantry.json, without checking a signature. not_found explains what a package is.
Result<Bytes> read_manifest(const std::string& directory);

/// Reads and checks gantry.json, and nothing else of the package. With keys, verifies its signature before parsing.
/// not_found explains what a package is.
Result<detail::Manifest> load_manifest(const std::string& directory, Span<const PublicKey> trusted_keys);

}  // namespace gantry::inline GANTRY_ABI::cli
