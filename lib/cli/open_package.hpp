// SPDX-License-Identifier: Apache-2.0
// What several commands share: the options that say how a package is opened, opening it without knowing its types, and
// reading its manifest alone.
#pragma once

#include <gantry/package.hpp>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "package/manifest.hpp"

namespace gantry::cli {

/// --engine, --device, --trusted-key, --library, --plugin and --trust-unverified-code.
std::vector<OptionSpec> open_option_specs();

/// "[--engine KIND] [--device D] [--trusted-key PEM]... ..."
std::string open_option_usage();

/// Loads the plugins. invalid_argument for an option that cannot be understood; what PublicKey::load() says of a key
/// file, and load_plugin() of a plugin.
Result<OpenOptions> open_options(const Arguments& arguments);

/// Opens a package for whatever its pipeline takes and gives, with the engines that are linked; `choice` as for
/// detail::open_package().
Result<AnyPipeline> open_any(const std::string& directory, const OpenOptions& options,
                             std::optional<detail::EngineChoice> choice = {});

/// The bytes of gantry.json, whoever signed them. not_found says what a package is.
Result<Bytes> read_manifest(const std::string& directory);

/// Reads and checks gantry.json, and nothing else of the package. With keys, its signature is verified before it is
/// parsed. not_found says what a package is.
Result<detail::Manifest> load_manifest(const std::string& directory, Span<const PublicKey> trusted_keys);

}  // namespace gantry::cli
