// SPDX-License-Identifier: Apache-2.0
// Converts an engine entry of a package to a request for the engine's loader.
#pragma once

#include <gantry/engine_loader.hpp>
#include <gantry/model_options.hpp>

#include "package/engine_entry.hpp"
#include "package/package_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Combines the entry, its verified files and the host's options. `files` must outlive the request.
GANTRY_API Result<LoadRequest> load_request_of(const EngineEntry& entry, const Signature& signature,
                                               const PackageFiles& files, const ModelOptions& options);

}  // namespace gantry::inline GANTRY_ABI::detail
