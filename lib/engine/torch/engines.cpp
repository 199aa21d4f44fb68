// SPDX-License-Identifier: Apache-2.0
// What gantry::torch offers to open().
#include <torch/version.h>

#include <gantry/libtorch.hpp>

#include "engine/torch/engine_loaders.hpp"

namespace gantry::libtorch {

std::vector<EngineLoader> engines() {
  return {{"torchscript", load_torchscript, version()}, {"aoti", load_aoti, version()}};
}

std::string version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace gantry::libtorch
