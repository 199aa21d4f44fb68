// SPDX-License-Identifier: Apache-2.0
// Weights of an AOTInductor package in a file beside its library ("binary_blob").
#pragma once

#include <torch/csrc/inductor/aoti_runner/model_container_runner.h>

#include <cstddef>
#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <optional>

#include "engine/torch/zip_directory.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Passes the weights file to a library that was just loaded. The library copies them into memory that is freed with
/// the runner, even if the library itself stays mapped. invalid_argument if the file has more or fewer bytes than the
/// code reads, or the library has its weights inside; unsupported if LibTorch does not support such packages;
/// failed_precondition if the file has changed since it was hashed. Needs memory for a second copy while it runs.
Result<void> give_weights(torch::inductor::AOTIModelContainerRunner& runner, const ModelFile& file,
                          const ZipEntry& weights);

/// The number of bytes that the library expects in the weights file; nullopt if it has its weights inside.
std::optional<std::size_t> weights_wanted(torch::inductor::AOTIModelContainerRunner& runner);

/// The memory of weights inside the library, shared by all runners; 0 if this LibTorch, or the one that compiled the
/// package, does not report it.
std::size_t weights_bytes(const torch::inductor::AOTIModelContainerRunner& runner);

}  // namespace gantry::inline GANTRY_ABI::libtorch
