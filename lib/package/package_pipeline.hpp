// SPDX-License-Identifier: Apache-2.0
// The pipeline of a package: read over its models as open() reads it, or over stand-ins where nothing shall be loaded.
#pragma once

#include <gantry/model.hpp>
#include <gantry/registry.hpp>
#include <map>
#include <string>

#include "package/manifest.hpp"
#include "package/package_files.hpp"
#include "pipeline/parsed_pipeline.hpp"

namespace gantry::inline GANTRY_ABI::detail {

using ModelsByName = std::map<std::string, Model, std::less<>>;

/// `in` and `out`: what the pipeline has to take and give; nullptr: whatever it does. Errors: those of
/// parse_pipeline(); invalid_argument for a model that no op uses.
Result<ParsedPipeline> parse_package_pipeline(const Manifest& manifest, const PackageFiles& files,
                                              const ModelsByName& models, const TypeInfo* in, const TypeInfo* out,
                                              const Registry& registry);

/// What open() would say of the pipeline, whatever engines there are: it is read and compiled over models of the same
/// signatures that compute nothing. Cost: no engine is loaded; a runtime of one worker.
GANTRY_API Result<void> check_package_pipeline(const Manifest& manifest, const PackageFiles& files,
                                               const Registry& registry);

}  // namespace gantry::inline GANTRY_ABI::detail
