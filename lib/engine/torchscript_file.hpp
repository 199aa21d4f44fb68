// SPDX-License-Identifier: Apache-2.0
// Reading a TorchScript file and finding out what running it will write to.
#pragma once

#include <c10/core/Device.h>
#include <torch/csrc/jit/api/module.h>

#include <cstddef>
#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <string>

namespace gantry::libtorch {

struct TorchScriptFile {
  torch::jit::Module module;      ///< on its device, in eval mode, frozen where that was possible
  std::string why_not_frozen;     ///< empty: it is frozen
  bool mutates_inputs = false;    ///< forward() may write to an argument
  bool has_state = false;         ///< forward() may write to an attribute of the module
  std::size_t weights_bytes = 0;  ///< parameters and buffers, as they were before freezing
};

/// invalid_argument if LibTorch cannot read the file; resource_exhausted if memory or device memory is short.
Result<TorchScriptFile> load_torchscript_file(const ModelFile& file, c10::Device device);

}  // namespace gantry::libtorch
