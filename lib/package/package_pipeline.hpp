// SPDX-License-Identifier: Apache-2.0
// Parses the pipeline of a package: with its models, as open() does, or with placeholders if no engine is to be loaded.
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

/// `in` and `out`: the required input and output types; nullptr accepts any type. Errors: those of parse_pipeline();
/// invalid_argument for a model that no op uses.
Result<ParsedPipeline> parse_package_pipeline(const Manifest& manifest, const PackageFiles& files,
                                              const ModelsByName& models, const TypeInfo* in, const TypeInfo* out,
                                              const Registry& registry);

/// Checks the pipeline as open() would, without engines: it is parsed and compiled with placeholder models of the same
/// signatures. Cost: no engine is loaded; a runtime with one worker.
GANTRY_API Result<void> check_package_pipeline(const Manifest& manifest, const PackageFiles& files,
                                               const Registry& registry);

}  // namespace gantry::inline GANTRY_ABI::detail
