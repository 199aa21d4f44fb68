// SPDX-License-Identifier: Apache-2.0
// Reads a TorchScript file, and determines what running it writes to.
#pragma once

#include <c10/core/Device.h>
#include <torch/csrc/jit/api/module.h>

#include <cstddef>
#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <string>

#include "engine/torch/write_analysis.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

struct TorchScriptFile {
  torch::jit::Module module;   ///< on its device, in eval mode, frozen if possible; never run itself
  std::string why_not_frozen;  ///< empty: it is frozen
  ForwardEffects effects;
  std::size_t weights_bytes = 0;  ///< parameters and buffers before freezing
};

/// Makes forward() equivalent to calling the module in Python, including its hooks, but without printing. Does not run
/// the model.
/// Errors: invalid_argument if LibTorch cannot read the file; unsupported, with its name, if it needs an operator that
/// this process lacks, or writes to constants of its code; resource_exhausted if memory or device memory is short.
Result<TorchScriptFile> load_torchscript_file(const ModelFile& file, c10::Device device);

}  // namespace gantry::inline GANTRY_ABI::libtorch
