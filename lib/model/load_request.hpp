// SPDX-License-Identifier: Apache-2.0
// Loading a model's files with an engine's loader: what Model::load(), open() and the tool share.
#pragma once

#include <gantry/engine_loader.hpp>
#include <gantry/model_options.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// What `options` says of loading, for an engine of kind `kind`; what else a package says is added by who reads it.
GANTRY_API Result<LoadRequest> make_load_request(const std::string& kind, std::vector<EngineFile> files,
                                                 Signature signature, const ModelOptions& options);

/// Loads, and sees to it that there is an engine then. The loader's exceptions become errors.
GANTRY_API Result<std::unique_ptr<Engine>> load_engine(const EngineLoader& loader, const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::detail
