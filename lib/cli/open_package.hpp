// SPDX-License-Identifier: Apache-2.0
// What several commands share: the options that say how a package is opened, opening it without knowing its types, and
// reading its manifest alone.
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

/// Loads the plugins. invalid_argument for an option that cannot be understood; what PublicKey::load() says of a key
/// file, and load_plugin() of a plugin.
Result<OpenOptions> open_options(const Arguments& arguments);

/// Loads what lies in the directories of --engine-dir and beside the tool's own library.
Result<EngineLibraries> load_engine_libraries(const Arguments& arguments);

/// Opens a package for whatever its pipeline takes and gives; `choice` as for detail::open_package().
Result<AnyPipeline> open_with(const std::string& directory, const EngineList& engines, const OpenOptions& options,
                              const std::optional<detail::EngineChoice>& choice = {});

/// The bytes of gantry.json, whoever signed them. not_found says what a package is.
Result<Bytes> read_manifest(const std::string& directory);

/// Reads and checks gantry.json, and nothing else of the package. With keys, its signature is verified before it is
/// parsed. not_found says what a package is.
Result<detail::Manifest> load_manifest(const std::string& directory, Span<const PublicKey> trusted_keys);

}  // namespace gantry::inline GANTRY_ABI::cli
