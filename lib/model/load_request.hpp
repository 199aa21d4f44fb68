// SPDX-License-Identifier: Apache-2.0
// Loads a model's files with an engine's loader; shared by Model::load(), open() and the command-line tool.
#pragma once

#include <gantry/engine_loader.hpp>
#include <gantry/model_options.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The request that follows from `options` for an engine of kind `kind`. The reader of a package adds what the package
/// specifies.
GANTRY_API Result<LoadRequest> make_load_request(const std::string& kind, std::vector<EngineFile> files,
                                                 Signature signature, const ModelOptions& options);

/// Loads the engine; a nullptr or an exception from the loader becomes an error.
GANTRY_API Result<std::unique_ptr<Engine>> load_engine(const EngineLoader& loader, const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::detail
