// SPDX-License-Identifier: Apache-2.0
// Weights that lie beside an AOTInductor package's library, as a file of their own ("binary_blob").
#pragma once

#include <torch/csrc/inductor/aoti_runner/model_container_runner.h>

#include <cstddef>
#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <optional>

#include "engine/torch/zip_directory.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Gives a library that was just loaded the weights that were packed beside it. It copies them, into memory that goes
/// when the runner does, even where the library itself stays mapped. invalid_argument where there are more or fewer
/// bytes than its code reads, or where the library has its weights inside; unsupported for a LibTorch that knows no
/// such packages; failed_precondition if the file is no longer what was hashed. Reads the weights into memory once
/// more, for as long as it runs.
Result<void> give_weights(torch::inductor::AOTIModelContainerRunner& runner, const ModelFile& file,
                          const ZipEntry& weights);

/// How many bytes the library wants from beside it; nothing where it has its weights inside.
std::optional<std::size_t> weights_wanted(torch::inductor::AOTIModelContainerRunner& runner);

/// What weights inside of the library occupy, which all runners share; 0 where this LibTorch, or the one that compiled
/// the package, cannot tell.
std::size_t weights_bytes(const torch::inductor::AOTIModelContainerRunner& runner);

}  // namespace gantry::inline GANTRY_ABI::libtorch
